{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

plan_definitions as (

    select
        record_id,
        parent_plan_name,
        is_active,
        tenant_record_id
    from {{ source('killbill', 'catalog_override_plan_definition') }}

)

-- one row per plan whose prices were overridden
select
    record_id::bigint as override_record_id,
    tenant_record_id::bigint as tenant_record_id,
    parent_plan_name::text as parent_plan
from plan_definitions
where is_active
