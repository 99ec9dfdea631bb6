{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

tags as (

    select
        tag_definition_id,
        object_id,
        object_type,
        is_active,
        tenant_record_id
    from {{ source('killbill', 'tags') }}

)

-- one row per account with a tag of Kill Bill's own that matters here
select
    object_id::text as account_id,
    tenant_record_id::bigint as tenant_record_id,
    bool_or(tag_definition_id = '00000000-0000-0000-0000-000000000006') as is_test,
    bool_or(tag_definition_id = '00000000-0000-0000-0000-000000000007') as is_partner
from tags
where
    is_active
    and object_type = 'ACCOUNT'
    and tag_definition_id in (
        '00000000-0000-0000-0000-000000000006', '00000000-0000-0000-0000-000000000007'
    )
group by object_id, tenant_record_id
