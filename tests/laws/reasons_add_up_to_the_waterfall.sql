{{ config(meta = {'parts': ['grain', 'period_start']}) }}
-- Law: what the reasons of a period add up to is what the waterfall shows for their type.
with

entries as (

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
        movement_type,
        amount
    from {{ ref('reason_periods') }}

    union all

    select
        periods.grain,
        periods.period_start,
        periods.billing_source,
        periods.tenant_id,
        periods.plan,
        periods.product,
        periods.currency,
        periods.country,
        periods.billing_interval,
        periods.reporting_currency,
        all_types.movement_type,
        case all_types.movement_type
            when 'new' then -periods.new_mrr
            when 'expansion' then -periods.expansion_mrr
            when 'contraction' then periods.contraction_mrr
            when 'churn' then periods.churn_mrr
            when 'reactivation' then -periods.reactivation_mrr
            when 'discount' then -periods.discount_mrr
            else -periods.transfer_mrr
        end as amount
    from {{ ref('mrr_periods') }} as periods
    cross join (
        values
        ('new'), ('expansion'), ('contraction'), ('churn'), ('reactivation'), ('discount'),
        ('transfer')
    ) as all_types (movement_type)

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
    billing_interval,
    reporting_currency,
    movement_type,
    sum(amount) as amount
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
    billing_interval,
    reporting_currency,
    movement_type
having sum(amount) <> 0
