with

days as (

    select * from {{ ref('mrr_days') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

by_period as (

    select
        grains.grain,
        {{ period_start('grains.grain', 'days.movement_date') }} as period_start,
        days.billing_source,
        days.tenant_id,
        days.plan,
        days.product,
        days.currency,
        days.country,
        days.billing_interval,
        days.reporting_currency,
        days.movement_type,
        days.reason,
        sum(days.reporting_amount) as amount
    from days
    cross join grains
    group by
        grains.grain,
        {{ period_start('grains.grain', 'days.movement_date') }},
        days.billing_source,
        days.tenant_id,
        days.plan,
        days.product,
        days.currency,
        days.country,
        days.billing_interval,
        days.reporting_currency,
        days.movement_type,
        days.reason

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
