{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

history as (

    select
        record_id,
        target_record_id,
        country,
        change_type,
        created_date,
        updated_date,
        tenant_record_id
    from {{ source('killbill', 'account_history') }}

)

-- one row per change of an account that Kill Bill has kept
select
    record_id::bigint as version_record_id,
    target_record_id::bigint as account_record_id,
    tenant_record_id::bigint as tenant_record_id,
    upper(nullif(trim(country::text), '')) as country,
    greatest(created_date, updated_date) at time zone 'UTC' as changed_at
from history
where change_type <> 'DELETE'
