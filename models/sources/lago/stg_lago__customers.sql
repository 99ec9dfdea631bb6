{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

customers as (

    select
        id,
        organization_id,
        billing_entity_id,
        external_id,
        name,
        country,
        currency,
        timezone,
        account_type,
        created_at,
        deleted_at
    from {{ source('lago', 'customers') }}

),

billing_entities as (

    select
        id,
        timezone
    from {{ source('lago', 'billing_entities') }}

)

-- one row per customer, deleted ones included: they are part of history
select
    customers.id as customer_id,
    customers.organization_id as tenant_id,
    customers.external_id,
    customers.name,
    customers.country,
    customers.currency,
    -- the zone in which Lago cuts this customer's days
    coalesce(customers.timezone, billing_entities.timezone, 'UTC') as timezone,
    customers.account_type::text as account_type,
    customers.created_at at time zone 'UTC' as created_at,
    customers.deleted_at at time zone 'UTC' as deleted_at,
    {{ run_instant() }} as observed_at
from customers
left join billing_entities on customers.billing_entity_id = billing_entities.id
