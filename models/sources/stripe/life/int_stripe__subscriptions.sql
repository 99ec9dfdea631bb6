{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

landed as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

live_tenants as (

    select * from {{ ref('int_stripe__live_tenants') }}
    where source_table = 'subscriptions'

),

latest_states as (

    select distinct on (tenant_id, subscription_id) *
    from {{ ref('int_stripe__states') }}
    order by tenant_id, subscription_id, state_number desc

),

events as (

    select distinct on (tenant_id, subscription_id) *
    from {{ ref('int_stripe__event_states') }}
    order by tenant_id, subscription_id, created_at desc

),

invoiced as (

    select * from {{ ref('int_stripe__missing_subscriptions') }}

),

scheduled as (

    select distinct on (tenant_id, subscription_id) *
    from {{ ref('int_stripe__scheduled_changes') }}
    where is_new_subscription and not is_end
    order by tenant_id, subscription_id, changed_at

),

-- A schedule that ends its subscription is a plan for its end.
schedules as (

    select distinct on (tenant_id, subscription_id)
        tenant_id,
        subscription_id,
        {{ stripe_instant("phases -> -1 -> 'end_date'") }} as ends_at
    from {{ ref('stg_stripe__subscription_schedules') }}
    where status = 'active' and end_behavior = 'cancel' and subscription_id is not null
    order by tenant_id, subscription_id, created_at desc

),

told as (

    select
        latest_states.tenant_id,
        latest_states.subscription_id,
        coalesce(landed.customer_id, events.customer_id) as customer_id,
        coalesce(landed.created_at, events.subscription_created_at) as recorded_at,
        coalesce(
            {{ stripe_instant("latest_states.state -> 'start'") }},
            landed.started_at,
            events.subscription_created_at
        ) as started_at,
        latest_states.state ->> 'status' as status,
        {{ stripe_instant("latest_states.state -> 'trial_start'") }} as trial_started_at,
        {{ stripe_instant("latest_states.state -> 'trial_end'") }} as trial_ends_at,
        {{ stripe_instant("latest_states.state -> 'canceled_at'") }} as canceled_at,
        {{ stripe_instant("latest_states.state -> 'ended_at'") }} as ended_at,
        coalesce(
            (latest_states.state ->> 'planned_end')::timestamptz, schedules.ends_at
        ) as planned_end_at,
        coalesce(latest_states.state ->> 'reason', landed.cancel_reason) as cancel_reason,
        latest_states.synced_at,
        coalesce(landed.is_test and live_tenants.tenant_id is not null, false) as is_test
    from latest_states
    left join landed
        on
            latest_states.tenant_id = landed.tenant_id
            and latest_states.subscription_id = landed.subscription_id
    left join events
        on
            latest_states.tenant_id = events.tenant_id
            and latest_states.subscription_id = events.subscription_id
    left join schedules
        on
            latest_states.tenant_id = schedules.tenant_id
            and latest_states.subscription_id = schedules.subscription_id
    left join live_tenants on latest_states.tenant_id = live_tenants.tenant_id

)

-- one row per subscription that lived, from its last known state, or from its invoices alone, or
-- that a schedule is to begin
select
    tenant_id,
    subscription_id,
    customer_id,
    recorded_at,
    started_at,
    trial_started_at,
    trial_ends_at,
    case
        when status = 'canceled' then coalesce(ended_at, canceled_at, synced_at)
        else ended_at
    end as ended_at,
    canceled_at as cancel_requested_at,
    case when status <> 'canceled' and ended_at is null then planned_end_at end as scheduled_end_at,
    cancel_reason,
    case
        when cancel_reason = 'cancellation_requested' then true
        when cancel_reason is not null then false
    end as is_voluntary_cancel,
    false as is_missing,
    is_test
from told
where status not in ('incomplete', 'incomplete_expired') and customer_id is not null

union all

select
    tenant_id,
    subscription_id,
    customer_id,
    recorded_at,
    started_at,
    null as trial_started_at,
    null as trial_ends_at,
    ended_at,
    null as cancel_requested_at,
    null as scheduled_end_at,
    null as cancel_reason,
    null as is_voluntary_cancel,
    true as is_missing,
    false as is_test
from invoiced

union all

select
    tenant_id,
    subscription_id,
    customer_id,
    recorded_at,
    changed_at as started_at,
    null as trial_started_at,
    null as trial_ends_at,
    null as ended_at,
    null as cancel_requested_at,
    null as scheduled_end_at,
    null as cancel_reason,
    null as is_voluntary_cancel,
    false as is_missing,
    false as is_test
from scheduled
where customer_id is not null
