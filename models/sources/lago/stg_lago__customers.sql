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

),

zones as (

    select name
    from {{ known_timezones() }} as known_timezones

),

located as (

    select
        customers.*,
        coalesce(customers.timezone, billing_entities.timezone, 'UTC') as stated_timezone
    from customers
    left join billing_entities on customers.billing_entity_id = billing_entities.id

)

-- one row per customer, deleted ones included: they are part of history
select
    located.id as customer_id,
    located.organization_id as tenant_id,
    located.external_id,
    located.name,
    located.country,
    located.currency,
    -- the zone in which Lago cuts this customer's days
    coalesce(zones.name, 'UTC') as timezone,
    zones.name is null as has_unknown_timezone,
    located.account_type::text as account_type,
    located.created_at at time zone 'UTC' as created_at,
    located.deleted_at at time zone 'UTC' as deleted_at,
    {{ run_instant() }} as observed_at
from located
left join zones on lower(located.stated_timezone) = lower(zones.name)
