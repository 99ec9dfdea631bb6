{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

subscription_events as (

    select
        record_id,
        event_type,
        effective_date,
        subscription_id,
        created_date,
        tenant_record_id
    from {{ source('killbill', 'subscription_events') }}

)

-- one row per change of phase that was planned, given up ones included: what ends a subscription
-- within a trial leaves nothing else of the trial's end
select
    record_id::bigint as event_record_id,
    tenant_record_id::bigint as tenant_record_id,
    subscription_id::text as subscription_id,
    effective_date at time zone 'UTC' as effective_at,
    created_date at time zone 'UTC' as created_at
from subscription_events
where event_type = 'PHASE'
