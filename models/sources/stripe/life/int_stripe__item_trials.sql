{{ config(
    enabled = 'stripe' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

states as (

    select
        *,
        {{ stripe_instant("state -> 'trial_start'") }} as trial_from,
        {{ stripe_instant("state -> 'trial_end'") }} as trial_to
    from {{ ref('int_stripe__states') }}

),

state_items as (

    select * from {{ ref('int_stripe__state_items') }}
    where trial_from < trial_to

),

points as (

    select
        *,
        lead(stated_from, 1, 'infinity') over (
            partition by tenant_id, subscription_id, item_id
            order by stated_from
        ) as next_stated_from
    from {{ ref('int_stripe__invoiced_points') }}

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

currencies as (

    select * from {{ ref('stripe_currencies') }}

),

-- A trial lasts to its end, or to the state that no longer has it.
stated as (

    select
        state_items.tenant_id,
        state_items.subscription_id,
        state_items.item_id,
        state_items.trial_from,
        max(least(state_items.trial_to, states.valid_to)) as trial_to
    from state_items
    inner join states
        on
            state_items.tenant_id = states.tenant_id
            and state_items.subscription_id = states.subscription_id
            and state_items.state_number = states.state_number
    group by
        state_items.tenant_id,
        state_items.subscription_id,
        state_items.item_id,
        state_items.trial_from

),

-- Older payloads have no word of it, but nothing is billed for what has a price.
unbilled as (

    select
        points.tenant_id,
        points.subscription_id,
        points.item_id,
        points.stated_from as trial_from,
        least(points.service_to, points.next_stated_from) as trial_to
    from points
    inner join prices on points.tenant_id = prices.tenant_id and points.price_id = prices.price_id
    left join currencies on points.currency = currencies.currency
    where
        points.amount = 0
        and not points.is_credit
        and not points.is_proration
        and not prices.is_metered
        and ({{ stripe_unit_amount('prices', 'points.currency') }}) > 0
        and {{ stripe_list_amount('prices', 'points.quantity', '1') }} > 0

),

-- A trial of the whole subscription is none of an item.
alone as (

    select unbilled.*
    from unbilled
    inner join states as first_states
        on
            unbilled.tenant_id = first_states.tenant_id
            and unbilled.subscription_id = first_states.subscription_id
            and first_states.state_number = 1
    left join states
        on
            unbilled.tenant_id = states.tenant_id
            and unbilled.subscription_id = states.subscription_id
            and unbilled.trial_from >= states.trial_from
            and unbilled.trial_from < states.trial_to
    left join stated
        on unbilled.tenant_id = stated.tenant_id and unbilled.item_id = stated.item_id
    where states.subscription_id is null and stated.item_id is null

),

told as (

    select * from stated

    union all

    select * from alone

),

trials as (

    select
        tenant_id,
        subscription_id,
        item_id,
        trial_from,
        least(trial_to, lead(trial_from) over item) as trial_to,
        lead(trial_from, 1, 'infinity') over item as next_trial_from,
        row_number() over item = 1 as is_first
    from told
    where trial_from < trial_to
    window item as (partition by tenant_id, subscription_id, item_id order by trial_from)

)

-- one row per item that ever had a trial of its own and [valid_from, valid_to) in which it has one,
-- or not; the rows of an item cover all of time
select
    trials.tenant_id,
    trials.subscription_id,
    trials.item_id,
    phases.valid_from,
    phases.valid_to,
    phases.is_trial
from trials
cross join
    lateral (
        values
        (case when trials.is_first then timestamptz '-infinity' end, trials.trial_from, false),
        (trials.trial_from, trials.trial_to, true),
        (trials.trial_to, trials.next_trial_from, false)
    ) as phases (valid_from, valid_to, is_trial)
where phases.valid_from < phases.valid_to
