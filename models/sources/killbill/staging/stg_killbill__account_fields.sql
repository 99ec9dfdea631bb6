{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

custom_fields as (

    select
        record_id,
        object_id,
        object_type,
        is_active,
        field_name,
        field_value,
        tenant_record_id
    from {{ source('killbill', 'custom_fields') }}

)

-- one row per account with fields of the user's own
select
    object_id::text as account_id,
    tenant_record_id::bigint as tenant_record_id,
    jsonb_object_agg(field_name::text, field_value::text order by record_id) as custom_fields
from custom_fields
where is_active and object_type = 'ACCOUNT' and field_name is not null
group by object_id, tenant_record_id
