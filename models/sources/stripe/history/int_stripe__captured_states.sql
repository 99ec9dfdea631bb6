{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

captured as (

    select *
    from
        {{ optional_relation(
            ref('stripe_subscriptions_history'),
            {
                'tenant_id': 'text',
                'subscription_id': 'text',
                'state': 'jsonb',
                'synced_at': 'timestamptz',
                'observed_at': 'timestamptz',
            }
        ) }} as subscriptions_history

),

first_capture as (

    select * from {{ ref('int_stripe__first_capture') }}

),

ordered as (

    select
        captured.*,
        first_capture.captures_since,
        {{ stripe_instant("captured.state -> 'start'") }} as started_at,
        lag(captured.observed_at) over (
            partition by captured.tenant_id, captured.subscription_id
            order by captured.observed_at
        ) as previously_observed_at
    from captured
    cross join first_capture

)

-- one row per subscription and captured version of its state. It holds since the row was synced,
-- or from its capture when it is the first; a subscription that began after the first capture of
-- all was seen from its start on
select
    tenant_id,
    subscription_id,
    case
        when previously_observed_at is not null
            then greatest(previously_observed_at, least(synced_at, observed_at))
        when started_at >= captures_since then started_at
        else observed_at
    end as valid_from,
    previously_observed_at is null and coalesce(started_at < captures_since, true) as is_handover,
    state,
    synced_at,
    observed_at
from ordered
