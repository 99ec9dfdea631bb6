{%- set amounts = [
    'opening_mrr', 'new_mrr', 'expansion_mrr', 'contraction_mrr', 'churn_mrr', 'reactivation_mrr',
    'discount_mrr', 'transfer_mrr', 'fx_mrr', 'closing_mrr'
] -%}

-- noqa: disable=LT02
with

periods as (

    select * from {{ ref('mrr_periods') }}

),

slices as (

    select * from {{ ref('slices') }}

),

paying_periods as (

    select * from {{ ref('paying_periods') }}

),

new_customers as (

    select * from {{ ref('new_customers') }}

),

discount_gains as (

    select * from {{ ref('discount_gains') }}

),

sliced as (

    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.is_complete,
        slices.slice_source as billing_source,
        slices.slice_tenant_id as tenant_id,
        slices.dimension,
        {{ slice_value('slices', 'periods') }} as dimension_value,
        {% for amount in amounts -%}
            periods.{{ amount }},
        {% endfor -%}
        case when slices.is_any_currency then 'any' else periods.reporting_currency end
            as reporting_currency
    from periods
    inner join slices
        on
            periods.billing_source = slices.billing_source
            and periods.tenant_id = slices.tenant_id

),

-- Whatever the currency there are customers and no amounts.
money as (

    select
        grain,
        period_start,
        period_end,
        is_complete,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        {% for amount in amounts -%}
            {{ in_one_currency('sum(' ~ amount ~ ')') }} as {{ amount }},
        {% endfor -%}
        reporting_currency
    from sliced
    group by
        grain,
        period_start,
        period_end,
        is_complete,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency

)

-- one row per grain, period, slice and reporting currency that had MRR or a movement in the period
select
    money.grain,
    money.period_start,
    money.period_end,
    money.is_complete,
    money.billing_source,
    money.tenant_id,
    money.dimension,
    money.dimension_value,
    money.reporting_currency,
    {% for amount in amounts -%}
        money.{{ amount }}::{{ reporting_money() }} as {{ amount }},
    {% endfor -%}
    coalesce(discount_gains.gained_mrr, 0)::{{ reporting_money() }} as discount_gained_mrr,
    coalesce(new_customers.new_customers, 0) as new_customers,
    coalesce(paying_periods.customers, 0) as customers
from money
left join paying_periods
    on
        money.grain = paying_periods.grain
        and money.period_start = paying_periods.period_start
        and money.billing_source = paying_periods.billing_source
        and money.tenant_id = paying_periods.tenant_id
        and money.dimension = paying_periods.dimension
        and money.dimension_value = paying_periods.dimension_value
        and money.reporting_currency = paying_periods.reporting_currency
left join new_customers
    on
        money.grain = new_customers.grain
        and money.period_start = new_customers.period_start
        and money.billing_source = new_customers.billing_source
        and money.tenant_id = new_customers.tenant_id
        and money.dimension = new_customers.dimension
        and money.dimension_value = new_customers.dimension_value
        and money.reporting_currency = new_customers.reporting_currency
left join discount_gains
    on
        money.grain = discount_gains.grain
        and money.period_start = discount_gains.period_start
        and money.billing_source = discount_gains.billing_source
        and money.tenant_id = discount_gains.tenant_id
        and money.dimension = discount_gains.dimension
        and money.dimension_value = discount_gains.dimension_value
        and money.reporting_currency = discount_gains.reporting_currency
