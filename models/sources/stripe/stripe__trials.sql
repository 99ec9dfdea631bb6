{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select * from {{ ref('int_stripe__subscriptions') }}

),

missing_trials as (

    select * from {{ ref('int_stripe__missing_trials') }}

),

versions as (

    select * from {{ ref('int_stripe__priced_versions') }}

),

last_item_trials as (

    select distinct on (tenant_id, subscription_id) *
    from {{ ref('int_stripe__item_trials') }}
    where is_trial
    order by tenant_id, subscription_id, valid_from desc, item_id

),

told as (

    select
        subscriptions.tenant_id,
        subscriptions.customer_id,
        subscriptions.subscription_id,
        coalesce(
            subscriptions.trial_started_at, missing_trials.trial_from, subscriptions.started_at
        ) as started_at,
        coalesce(subscriptions.trial_ends_at, missing_trials.trial_to) as ends_at,
        subscriptions.ended_at,
        null as item_id
    from subscriptions
    left join missing_trials
        on
            subscriptions.tenant_id = missing_trials.tenant_id
            and subscriptions.subscription_id = missing_trials.subscription_id

    union all

    select
        subscriptions.tenant_id,
        subscriptions.customer_id,
        subscriptions.subscription_id,
        last_item_trials.valid_from as started_at,
        last_item_trials.valid_to as ends_at,
        subscriptions.ended_at,
        last_item_trials.item_id
    from subscriptions
    inner join last_item_trials
        on
            subscriptions.tenant_id = last_item_trials.tenant_id
            and subscriptions.subscription_id = last_item_trials.subscription_id
    where subscriptions.trial_ends_at is null

),

trials as (

    select * from told
    where started_at < ends_at

),

-- Of several items the dearest names the plan.
first_tried as (

    select distinct on (trials.tenant_id, trials.subscription_id)
        trials.tenant_id,
        trials.subscription_id,
        versions.plan
    from trials
    inner join versions
        on
            trials.tenant_id = versions.tenant_id
            and trials.subscription_id = versions.subscription_id
            and trials.started_at < versions.valid_to
            and coalesce(trials.item_id = versions.item_id, true)
    order by
        trials.tenant_id,
        trials.subscription_id,
        greatest(trials.started_at, versions.valid_from),
        versions.is_metered,
        versions.amount desc nulls last,
        versions.item_id

)

-- one row per trial of a subscription, or of an item of one that has none itself: the last one that
-- it had
select
    'stripe' as billing_source,
    trials.tenant_id::text as tenant_id,
    trials.customer_id::text as customer_id,
    trials.subscription_id::text as subscription_id,
    coalesce(first_tried.plan, 'unknown')::text as plan,
    trials.started_at,
    trials.ends_at,
    case when trials.ended_at <= trials.ends_at then trials.ended_at end as cancelled_at,
    'subscriptions' as source_table,
    trials.subscription_id::text as source_row_id
from trials
left join first_tried
    on
        trials.tenant_id = first_tried.tenant_id
        and trials.subscription_id = first_tried.subscription_id
