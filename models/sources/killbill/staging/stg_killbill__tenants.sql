{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

tenants as (

    select
        record_id,
        id
    from {{ source('killbill', 'tenants') }}

)

-- one row per tenant
select
    record_id::bigint as tenant_record_id,
    id::text as tenant_id
from tenants
