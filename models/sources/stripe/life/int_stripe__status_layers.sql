{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select
        tenant_id,
        subscription_id,
        started_at,
        coalesce(ended_at, 'infinity') as ended_at
    from {{ ref('int_stripe__subscriptions') }}

),

states as (

    select
        *,
        state ->> 'status' as status,
        state ? 'is_paused' as is_paused,
        {{ stripe_instant("state -> 'trial_start'") }} as trial_from,
        {{ stripe_instant("state -> 'trial_end'") }} as trial_to
    from {{ ref('int_stripe__states') }}

),

delinquencies as (

    select * from {{ ref('int_stripe__delinquencies') }}

),

first_states as (

    select
        *,
        least(synced_at, valid_from) as seen_at
    from states
    where state_number = 1

),

unpaid as (

    select * from {{ ref('int_stripe__unpaid_starts') }}

),

missing_trials as (

    select * from {{ ref('int_stripe__missing_trials') }}

),

-- A later layer lies over an earlier one. A layer without a status is time not in force.
layers as (

    select
        tenant_id,
        subscription_id,
        1 as layer,
        'active' as status,
        started_at as valid_from,
        ended_at as valid_to
    from subscriptions

    union all

    select
        tenant_id,
        subscription_id,
        2 as layer,
        'trialing' as status,
        trial_from as valid_from,
        least(trial_to, valid_from) as valid_to
    from first_states
    where trial_to is not null

    union all

    select
        tenant_id,
        subscription_id,
        2 as layer,
        'trialing' as status,
        trial_from as valid_from,
        trial_to as valid_to
    from missing_trials

    union all

    -- The row of now, when it says that all is well, ends what is open.
    select
        delinquencies.tenant_id,
        delinquencies.subscription_id,
        3 as layer,
        'past_due' as status,
        delinquencies.late_from as valid_from,
        least(
            delinquencies.late_to,
            first_states.valid_from,
            case
                when
                    first_states.status = 'active'
                    and first_states.seen_at > delinquencies.late_from
                    then first_states.seen_at
            end
        ) as valid_to
    from delinquencies
    left join first_states
        on
            delinquencies.tenant_id = first_states.tenant_id
            and delinquencies.subscription_id = first_states.subscription_id

    union all

    -- What the first state shows began unseen: at the end of the trial, with the first invoice that
    -- was left a draft, or when the row was synced.
    select
        first_states.tenant_id,
        first_states.subscription_id,
        4 as layer,
        case
            when first_states.status in ('unpaid', 'canceled') then null
            when first_states.status <> 'past_due' or first_states.is_paused then 'paused'
            when first_states.status = 'past_due' then 'past_due'
        end as status,
        case
            when first_states.status = 'paused' and first_states.trial_to < first_states.seen_at
                then first_states.trial_to
            when first_states.status = 'canceled' then unpaid.unpaid_from
            else least(first_states.seen_at, unpaid.unpaid_from)
        end as valid_from,
        first_states.valid_from as valid_to
    from first_states
    left join unpaid
        on
            first_states.status in ('unpaid', 'canceled')
            and first_states.tenant_id = unpaid.tenant_id
            and first_states.subscription_id = unpaid.subscription_id
    where
        first_states.is_handover
        and (
            first_states.status in ('paused', 'unpaid', 'past_due', 'canceled')
            or first_states.is_paused
        )

    union all

    select
        tenant_id,
        subscription_id,
        5 as layer,
        case
            when status in ('canceled', 'unpaid', 'incomplete', 'incomplete_expired') then null
            when status = 'paused' or is_paused then 'paused'
            when status = 'past_due' then 'past_due'
            else 'active'
        end as status,
        valid_from,
        valid_to
    from states

    union all

    select
        tenant_id,
        subscription_id,
        6 as layer,
        'trialing' as status,
        greatest(trial_from, valid_from) as valid_from,
        least(trial_to, valid_to) as valid_to
    from states
    where status in ('active', 'trialing') and not is_paused and trial_to is not null

)

-- one row per subscription and layer of its status; a later layer lies over an earlier one
select
    layers.tenant_id,
    layers.subscription_id,
    layers.layer,
    layers.status,
    greatest(layers.valid_from, subscriptions.started_at) as valid_from,
    least(layers.valid_to, subscriptions.ended_at) as valid_to
from layers
inner join subscriptions
    on
        layers.tenant_id = subscriptions.tenant_id
        and layers.subscription_id = subscriptions.subscription_id
where
    layers.valid_from is not null
    and layers.valid_to is not null
    and greatest(layers.valid_from, subscriptions.started_at)
    < least(layers.valid_to, subscriptions.ended_at)
