{#- Whose money is compared in the end: with parents, a family shares its cuts. -#}
{%- set unit_id = {
    'customer': 'customers.customer_id',
    'parent': 'coalesce(customers.parent_customer_id, customers.customer_id)'
}[option('retention_level')] -%}

with

movements as (

    select * from {{ ref('group_movements') }}

),

customers as (

    select * from {{ ref('group_customers') }}

),

by_customer as (

    select
        billing_source,
        tenant_id,
        customer_id,
        min(plan) as first_plan,
        max(plan) as last_plan,
        min(product) as first_product,
        max(product) as last_product,
        min(currency) as first_currency,
        max(currency) as last_currency,
        min(country) as first_country,
        max(country) as last_country,
        min(billing_interval) as first_interval,
        max(billing_interval) as last_interval,
        min(reporting_currency) as first_reporting_currency,
        max(reporting_currency) as last_reporting_currency
    from movements
    group by billing_source, tenant_id, customer_id

),

with_unit as (

    select
        by_customer.*,
        {{ unit_id }} as unit_id
    from by_customer
    inner join customers
        on
            by_customer.customer_id = customers.customer_id
            and by_customer.billing_source = customers.billing_source
            and by_customer.tenant_id = customers.tenant_id

)

-- one row per customer with a movement: whether all its money was ever in one place (plan, product,
-- currency, country and billing interval), or at least in one reporting currency
select
    billing_source,
    tenant_id,
    customer_id,
    unit_id,
    min(first_plan) over unit = max(last_plan) over unit
    and min(first_product) over unit = max(last_product) over unit
    and min(first_currency) over unit = max(last_currency) over unit
    and min(first_country) over unit = max(last_country) over unit
    and min(first_interval) over unit = max(last_interval) over unit as has_one_place,
    min(first_reporting_currency) over unit = max(last_reporting_currency) over unit
        as has_one_currency
from with_unit
window unit as (partition by unit_id, billing_source, tenant_id)
