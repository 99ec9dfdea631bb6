{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

subscription_events as (

    select
        record_id,
        id,
        event_type,
        user_type,
        effective_date,
        subscription_id,
        plan_name,
        phase_name,
        price_list_name,
        is_active,
        created_date,
        tenant_record_id,
        {{ optional_column(source('killbill', 'subscription_events'), 'quantity', 'integer') }}
            as quantity
    from {{ source('killbill', 'subscription_events') }}

)

-- one row per event of a subscription that is in force, planned ones included
select
    id::text as event_id,
    record_id::bigint as event_record_id,
    tenant_record_id::bigint as tenant_record_id,
    subscription_id::text as subscription_id,
    -- what a user did, else what the engine did
    case
        when event_type = 'API_USER' then user_type
        else event_type
    end::text as kind,
    plan_name::text as plan_name,
    phase_name::text as phase_name,
    price_list_name::text as price_list,
    quantity::integer as quantity,
    effective_date at time zone 'UTC' as effective_at,
    created_date at time zone 'UTC' as created_at
from subscription_events
where
    is_active
    -- they only mark that something was undone
    and coalesce(user_type, '') not in ('UNCANCEL', 'UNDO_CHANGE')
