{#- Amounts that keep the rate they began with are in the reporting currency already. -#}
{%- set keeps_start_rate = option('fx_mode') == 'at_start' -%}
{%- set currency = 'reporting_currency' if keeps_start_rate else 'currency' -%}
{%- set amount = 'reporting_amount' if keeps_start_rate else 'amount' -%}

with

movements as (

    select * from {{ ref('group_movements') }}

),

slices as (

    select * from {{ ref('slices') }}
    where not is_any_currency

),

monthly as (

    select
        slices.slice_source,
        slices.slice_tenant_id,
        slices.dimension,
        {{ slice_value('slices', 'movements') }} as dimension_value,
        movements.reporting_currency,
        movements.{{ currency }} as held_currency,
        movements.billing_source,
        movements.tenant_id,
        movements.customer_id,
        {{ period_start("'month'", 'movements.movement_date') }} as from_month,
        sum(movements.{{ amount }}) as change
    from movements
    inner join slices
        on
            movements.billing_source = slices.billing_source
            and movements.tenant_id = slices.tenant_id
    group by
        slices.slice_source,
        slices.slice_tenant_id,
        slices.dimension,
        {{ slice_value('slices', 'movements') }},
        movements.reporting_currency,
        movements.{{ currency }},
        movements.billing_source,
        movements.tenant_id,
        movements.customer_id,
        {{ period_start("'month'", 'movements.movement_date') }}
    having sum(movements.{{ amount }}) <> 0

),

balances as (

    select
        *,
        sum(change) over customer_months as balance,
        lead(from_month) over customer_months as to_month
    from monthly
    window customer_months as (
        partition by
            customer_id, tenant_id, billing_source, slice_tenant_id, dimension, dimension_value,
            reporting_currency, held_currency
        order by from_month
    )

)

-- one row per customer, slice, currency and unbroken [from_month, to_month) of months at whose end
-- its balance is the same
select
    slice_source as billing_source,
    slice_tenant_id as tenant_id,
    dimension,
    dimension_value,
    reporting_currency,
    held_currency as currency,
    billing_source as customer_source,
    tenant_id as customer_tenant_id,
    customer_id,
    from_month,
    coalesce(to_month, {{ never() }}) as to_month,
    balance,
    min(held_currency) over customer <> max(held_currency) over customer as has_several_currencies
from balances
where balance > 0
window customer as (
    partition by
        customer_id, tenant_id, billing_source, slice_tenant_id, dimension, dimension_value,
        reporting_currency
)
