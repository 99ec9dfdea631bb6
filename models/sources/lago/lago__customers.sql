{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

customers as (

    select * from {{ ref('stg_lago__customers') }}

)

-- one row per customer
select
    'lago' as billing_source,
    tenant_id::text as tenant_id,
    customer_id::text as customer_id,
    null::text as parent_customer_id,
    external_id::text as external_id,
    name::text as name,
    coalesce(country, 'unknown')::text as country,
    currency::text as currency,
    created_at,
    deleted_at,
    account_type = 'partner' as is_excluded,
    case
        when account_type = 'partner' then 'partner account, billed by itself'
    end::text as excluded_because,
    '{}'::jsonb as attributes
from customers
