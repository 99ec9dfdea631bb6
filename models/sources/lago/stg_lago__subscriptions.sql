{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select
        id,
        organization_id,
        customer_id,
        plan_id,
        previous_subscription_id,
        external_id,
        status,
        billing_time,
        subscription_at,
        started_at,
        terminated_at,
        ending_at,
        created_at,
        {{ optional_column(source('lago', 'subscriptions'), 'activated_at', 'timestamp') }}
            as gate_opened_at
    from {{ source('lago', 'subscriptions') }}

),

activation_rules as (

    select distinct subscription_id
    from
        {{ optional_relation(
            source('lago', 'subscription_activation_rules'), {'subscription_id': 'uuid'}
        ) }} as rules

)

-- one row per subscription row, that is per plan segment, whatever its status
select
    subscriptions.id as segment_id,
    subscriptions.organization_id as tenant_id,
    subscriptions.customer_id,
    subscriptions.plan_id,
    subscriptions.previous_subscription_id as previous_segment_id,
    subscriptions.external_id,
    subscriptions.status,
    subscriptions.billing_time = 1 as is_anniversary,
    subscriptions.subscription_at at time zone 'UTC' as subscription_at,
    subscriptions.started_at at time zone 'UTC' as started_at,
    -- a payment-gated row is given its start when it is gated, and lives from its activation
    case
        when activation_rules.subscription_id is not null
            then coalesce(subscriptions.gate_opened_at, subscriptions.started_at)
        else subscriptions.started_at
    end at time zone 'UTC' as lives_from,
    subscriptions.terminated_at at time zone 'UTC' as terminated_at,
    subscriptions.ending_at at time zone 'UTC' as ending_at,
    subscriptions.created_at at time zone 'UTC' as created_at,
    {{ run_instant() }} as observed_at
from subscriptions
left join activation_rules on subscriptions.id = activation_rules.subscription_id
