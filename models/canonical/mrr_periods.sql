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
        movement_date,
        coalesce(sum(amount) filter (where movement_type = 'new'), 0) as new_mrr,
        coalesce(sum(amount) filter (where movement_type = 'expansion'), 0) as expansion_mrr,
        coalesce(-sum(amount) filter (where movement_type = 'contraction'), 0) as contraction_mrr,
        coalesce(-sum(amount) filter (where movement_type = 'churn'), 0) as churn_mrr,
        coalesce(sum(amount) filter (where movement_type = 'reactivation'), 0) as reactivation_mrr,
        coalesce(sum(amount) filter (where movement_type = 'transfer'), 0) as transfer_mrr,
        sum(amount) as change
    from movements
    group by
        billing_source,
        tenant_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        movement_date

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
        sum(by_day.new_mrr) as new_mrr,
        sum(by_day.expansion_mrr) as expansion_mrr,
        sum(by_day.contraction_mrr) as contraction_mrr,
        sum(by_day.churn_mrr) as churn_mrr,
        sum(by_day.reactivation_mrr) as reactivation_mrr,
        sum(by_day.transfer_mrr) as transfer_mrr,
        sum(by_day.change) as change
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
        by_day.billing_interval

),

balanced as (

    select
        *,
        sum(change) over tuple as closing_mrr,
        lead(period_start) over tuple as next_change
    from by_period
    window tuple as (
        partition by
            grain, billing_source, tenant_id, plan, product, currency, country, billing_interval
        order by period_start
    )

),

-- Periods without a movement, between one change and the next, or today.
quiet as (

    select
        balanced.grain,
        periods.period_start,
        balanced.billing_source,
        balanced.tenant_id,
        balanced.plan,
        balanced.product,
        balanced.currency,
        balanced.country,
        balanced.billing_interval,
        balanced.closing_mrr
    from balanced
    cross join clock
    cross join
        {{ periods_between(
            'balanced.grain', 'balanced.period_start',
            "coalesce(balanced.next_change, clock.as_of_date + 1)"
        ) }} as periods
    where balanced.closing_mrr <> 0

),

periods as (

    select
        grain,
        period_start,
        billing_source,
        tenant_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        closing_mrr - change as opening_mrr,
        new_mrr,
        expansion_mrr,
        contraction_mrr,
        churn_mrr,
        reactivation_mrr,
        transfer_mrr,
        closing_mrr
    from balanced

    union all

    select
        grain,
        period_start,
        billing_source,
        tenant_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        closing_mrr as opening_mrr,
        0 as new_mrr,
        0 as expansion_mrr,
        0 as contraction_mrr,
        0 as churn_mrr,
        0 as reactivation_mrr,
        0 as transfer_mrr,
        closing_mrr
    from quiet

)

-- one row per grain, period and dimension tuple that had MRR or a movement in the period
select
    periods.grain,
    periods.period_start,
    {{ next_period_start('periods.grain', 'periods.period_start') }} as period_end,
    {{ next_period_start('periods.grain', 'periods.period_start') }} <= clock.as_of_date
        as is_complete,
    periods.billing_source,
    periods.tenant_id,
    periods.plan,
    periods.product,
    periods.currency,
    periods.country,
    periods.billing_interval,
    periods.currency as reporting_currency,
    periods.opening_mrr::numeric(28, 10) as opening_mrr,
    periods.new_mrr::numeric(28, 10) as new_mrr,
    periods.expansion_mrr::numeric(28, 10) as expansion_mrr,
    periods.contraction_mrr::numeric(28, 10) as contraction_mrr,
    periods.churn_mrr::numeric(28, 10) as churn_mrr,
    periods.reactivation_mrr::numeric(28, 10) as reactivation_mrr,
    0::numeric as discount_mrr,
    periods.transfer_mrr::numeric(28, 10) as transfer_mrr,
    0::numeric as fx_mrr,
    periods.closing_mrr::numeric(28, 10) as closing_mrr,
    periods.closing_mrr::numeric(28, 10) as native_mrr
from periods
cross join clock
