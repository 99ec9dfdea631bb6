{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

bundles as (

    select
        record_id,
        id,
        external_key,
        account_id,
        created_date,
        tenant_record_id
    from {{ source('killbill', 'bundles') }}

)

-- one row per bundle, renamed ones included
select
    id::text as bundle_id,
    record_id::bigint as bundle_record_id,
    tenant_record_id::bigint as tenant_record_id,
    account_id::text as account_id,
    external_key::text as external_key,
    created_date at time zone 'UTC' as created_at
from bundles
