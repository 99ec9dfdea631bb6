{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

blocking_states as (

    select
        record_id,
        blockable_id,
        type,
        state,
        service,
        block_billing,
        effective_date,
        is_active,
        created_date,
        tenant_record_id
    from {{ source('killbill', 'blocking_states') }}

)

-- one row per state of a subscription, bundle or account that is in force, planned ones included
select
    record_id::bigint as state_record_id,
    tenant_record_id::bigint as tenant_record_id,
    type::text as blockable_type,
    blockable_id::text as blockable_id,
    service::text as service,
    state::text as state,
    block_billing as is_billing_blocked,
    effective_date at time zone 'UTC' as effective_at,
    created_date at time zone 'UTC' as created_at
from blocking_states
where is_active
