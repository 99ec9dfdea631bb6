{{ config(materialized = 'view') }}
{%- set steps = [
    'new', 'expansion', 'contraction', 'churn', 'reactivation', 'discount', 'transfer'
] %}
{%- set lost = ['contraction', 'churn'] %}

with

days as (

    select * from {{ ref('mrr_days') }}

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
        {%- for step in steps %}
        {{ '-' if step in lost }}sum(
            case when movement_type = '{{ step }}' then reporting_amount else 0 end
        ) as {{ step }}_mrr,
        {%- endfor %}
        sum(amount) as native_change
    from days
    group by
        billing_source,
        tenant_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        reporting_currency,
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
        by_day.reporting_currency,
        {%- for step in steps %}
        sum(by_day.{{ step }}_mrr) as {{ step }}_mrr,
        {%- endfor %}
        sum(by_day.native_change) as native_change
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
        by_day.reporting_currency

)

-- one row per grain, period and dimension tuple with a movement; amounts in the reporting currency
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
    reporting_currency,
    new_mrr::{{ reporting_money() }} as new_mrr,
    expansion_mrr::{{ reporting_money() }} as expansion_mrr,
    contraction_mrr::{{ reporting_money() }} as contraction_mrr,
    churn_mrr::{{ reporting_money() }} as churn_mrr,
    reactivation_mrr::{{ reporting_money() }} as reactivation_mrr,
    discount_mrr::{{ reporting_money() }} as discount_mrr,
    transfer_mrr::{{ reporting_money() }} as transfer_mrr,
    (
        new_mrr + expansion_mrr - contraction_mrr - churn_mrr + reactivation_mrr + discount_mrr
        + transfer_mrr
    )::{{ reporting_money() }} as change,
    native_change::numeric(28, 10) as native_change
from by_period
