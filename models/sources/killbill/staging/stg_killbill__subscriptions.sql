{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select
        id,
        bundle_id,
        category,
        start_date,
        created_date,
        account_record_id,
        tenant_record_id
    from {{ source('killbill', 'subscriptions') }}

)

-- one row per subscription, add-ons included
select
    id::text as subscription_id,
    tenant_record_id::bigint as tenant_record_id,
    account_record_id::bigint as account_record_id,
    bundle_id::text as bundle_id,
    category::text as category,
    -- kept when the subscription is handed over to another account
    start_date at time zone 'UTC' as started_at,
    created_date at time zone 'UTC' as created_at,
    {{ run_instant() }} as observed_at
from subscriptions
