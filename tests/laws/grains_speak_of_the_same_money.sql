{{ config(meta = {'parts': [
    'billing_source', 'tenant_id', 'plan', 'product', 'currency', 'country', 'billing_interval'
]}) }}
-- Law: a longer period is its days: their movements added up, and the closing of the last one.
with

periods as (

    select * from {{ ref('mrr_periods') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

days as (

    select
        periods.*,
        grains.grain as longer_grain,
        {{ period_start('grains.grain', 'periods.period_start') }} as longer_start,
        {{ period_start('grains.grain', 'periods.period_start') }}
        <> {{ period_start('grains.grain', 'periods.period_end') }}
        or periods.period_start = clock.as_of_date as is_last
    from periods
    cross join grains
    cross join clock
    where periods.grain = 'day' and grains.grain <> 'day'

),

-- The days of a period, less the period itself: nothing is left.
entries as (

    select
        longer_grain as grain,
        longer_start as period_start,
        billing_source,
        tenant_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        new_mrr,
        expansion_mrr,
        contraction_mrr,
        churn_mrr,
        reactivation_mrr,
        transfer_mrr,
        case when is_last then closing_mrr else 0 end as closing_mrr
    from days

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
        -new_mrr as new_mrr,
        -expansion_mrr as expansion_mrr,
        -contraction_mrr as contraction_mrr,
        -churn_mrr as churn_mrr,
        -reactivation_mrr as reactivation_mrr,
        -transfer_mrr as transfer_mrr,
        -closing_mrr as closing_mrr
    from periods
    where grain <> 'day'

)

select
    grain,
    period_start,
    billing_source,
    tenant_id,
    plan,
    product,
    currency,
    country,
    billing_interval
from entries
group by
    grain,
    period_start,
    billing_source,
    tenant_id,
    plan,
    product,
    currency,
    country,
    billing_interval
having
    sum(new_mrr) <> 0
    or sum(expansion_mrr) <> 0
    or sum(contraction_mrr) <> 0
    or sum(churn_mrr) <> 0
    or sum(reactivation_mrr) <> 0
    or sum(transfer_mrr) <> 0
    or sum(closing_mrr) <> 0
