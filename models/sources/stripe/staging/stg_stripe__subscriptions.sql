{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select
        source_rows.tenant_id,
        source_rows.synced_at,
        parsed.*
    from {{ stripe_rows('subscriptions') }} as source_rows
    cross join
        lateral jsonb_to_record(source_rows.doc) as parsed (
            {{ stripe_subscription_fields() }}
        )

)

-- one row per subscription, whatever its status
select
    subscriptions.id as subscription_id,
    subscriptions.tenant_id,
    {{ stripe_id('subscriptions.customer') }} as customer_id,
    subscriptions.status,
    upper(subscriptions.currency) as currency,
    {{ stripe_instant('subscriptions.created') }} as created_at,
    coalesce(
        {{ stripe_instant('subscriptions.start_date') }},
        {{ stripe_instant('subscriptions.created') }}
    ) as started_at,
    {{ stripe_instant('subscriptions.trial_start') }} as trial_started_at,
    {{ stripe_instant('subscriptions.trial_end') }} as trial_ends_at,
    {{ stripe_instant('subscriptions.canceled_at') }} as canceled_at,
    {{ stripe_instant('subscriptions.ended_at') }} as ended_at,
    {{ stripe_instant('subscriptions.cancel_at') }} as cancel_at,
    coalesce(subscriptions.cancel_at_period_end = 'true', false) as is_canceled_at_period_end,
    {{ stripe_period_end('subscriptions') }} as period_ends_at,
    subscriptions.cancellation_details ->> 'reason' as cancel_reason,
    coalesce(jsonb_typeof(subscriptions.pause_collection) = 'object', false)
        as is_collection_paused,
    subscriptions.collection_method,
    {{ stripe_id('subscriptions.schedule') }} as schedule_id,
    coalesce(subscriptions.items ->> 'has_more' = 'true', false) as has_more_items,
    -- null where an engine does not keep it
    subscriptions.livemode = 'false' as is_test,
    coalesce(subscriptions.synced_at, {{ stripe_instant('subscriptions._updated_at') }})
        as synced_at
from subscriptions
where subscriptions.id is not null
