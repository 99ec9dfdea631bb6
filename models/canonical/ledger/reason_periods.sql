with

movements as (

    select * from {{ ref('mrr_movements') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

by_day as (

    select
        billing_source,
        tenant_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        reporting_currency,
        movement_date,
        movement_type,
        reason,
        sum(reporting_amount) as amount
    from movements
    group by
        billing_source,
        tenant_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        reporting_currency,
        movement_date,
        movement_type,
        reason

),

by_period as (

    select
        grains.grain,
        {{ period_start('grains.grain', 'by_day.movement_date') }} as period_start,
        by_day.billing_source,
        by_day.tenant_id,
        by_day.plan,
        by_day.product,
        by_day.currency,
        by_day.country,
        by_day.billing_interval,
        by_day.reporting_currency,
        by_day.movement_type,
        by_day.reason,
        sum(by_day.amount) as amount
    from by_day
    cross join grains
    group by
        grains.grain,
        {{ period_start('grains.grain', 'by_day.movement_date') }},
        by_day.billing_source,
        by_day.tenant_id,
        by_day.plan,
        by_day.product,
        by_day.currency,
        by_day.country,
        by_day.billing_interval,
        by_day.reporting_currency,
        by_day.movement_type,
        by_day.reason

)

-- one row per grain, period, dimension tuple, movement type and reason with a movement
select
    by_period.grain,
    by_period.period_start,
    {{ next_period_start('by_period.grain', 'by_period.period_start') }} as period_end,
    {{ next_period_start('by_period.grain', 'by_period.period_start') }} <= clock.as_of_date
        as is_complete,
    by_period.billing_source,
    by_period.tenant_id,
    by_period.plan,
    by_period.product,
    by_period.currency,
    by_period.country,
    by_period.billing_interval,
    by_period.reporting_currency,
    by_period.movement_type,
    by_period.reason,
    by_period.amount::{{ reporting_money() }} as amount
from by_period
cross join clock
