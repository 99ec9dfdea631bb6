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

-- one row per subscription with what matters of it now, in one form for every version of the API
select
    subscriptions.tenant_id || ':' || subscriptions.id as state_id,
    subscriptions.id as subscription_id,
    subscriptions.tenant_id,
    {{ stripe_id('subscriptions.customer') }} as customer_id,
    {{ stripe_state('subscriptions') }} as state,
    coalesce(subscriptions.synced_at, {{ stripe_instant('subscriptions._updated_at') }})
        as synced_at,
    {{ run_instant() }} as observed_at
from subscriptions
where subscriptions.id is not null
