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

missing_trials as (

    select
        points.tenant_id,
        points.subscription_id,
        min(points.stated_from) as trial_from,
        max(points.service_to) as trial_to
    from {{ ref('int_stripe__invoiced_points') }} as points
    inner join {{ ref('int_stripe__prices') }} as prices
        on points.tenant_id = prices.tenant_id and points.price_id = prices.price_id
    left join first_states
        on
            points.tenant_id = first_states.tenant_id
            and points.subscription_id = first_states.subscription_id
    where
        first_states.subscription_id is null
        and not points.is_credit
        and not points.is_proration
        and points.amount = 0
        and prices.unit_amount_minor > 0
    group by points.tenant_id, points.subscription_id

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

    -- What the first state shows began unseen: at the end of the trial, or when the row was synced.
    select
        tenant_id,
        subscription_id,
        4 as layer,
        case
            when status = 'paused' or is_paused then 'paused'
            when status = 'past_due' then 'past_due'
        end as status,
        case
            when status = 'paused' and trial_to < seen_at then trial_to
            else seen_at
        end as valid_from,
        valid_from as valid_to
    from first_states
    where is_handover and (status in ('paused', 'unpaid', 'past_due') or is_paused)

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
    where status in ('active', 'trialing') and not is_paused

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
