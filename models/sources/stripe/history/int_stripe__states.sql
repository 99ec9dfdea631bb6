{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}
{%- set not_in_classic
    = "'{currency,discounts,has_all_discounts,known_discounts,reason}'::text[]" %}

with

events as (

    select * from {{ ref('int_stripe__event_states') }}

),

captured as (

    select * from {{ ref('int_stripe__captured_states') }}

),

landed as (

    select * from {{ ref('stg_stripe__subscription_states') }}

),

told as (

    select
        tenant_id,
        subscription_id,
        min(valid_from) as told_from
    from events
    group by tenant_id, subscription_id

),

-- as far as the table of events reaches
told_accounts as (

    select
        tenant_id,
        max(told_to) as told_to
    from {{ ref('int_stripe__told_accounts') }}
    group by tenant_id

),

-- Events are exact. What was captured serves before and after them.
known as (

    select
        tenant_id,
        subscription_id,
        valid_from,
        state,
        false as is_handover,
        'events' as history_source,
        'stripe_events' as source_table,
        event_id as source_row_id,
        created_at as synced_at,
        created_at as observed_at
    from events

    union all

    select
        captured.tenant_id,
        captured.subscription_id,
        captured.valid_from,
        captured.state,
        captured.is_handover,
        'snapshot' as history_source,
        'subscriptions' as source_table,
        captured.subscription_id as source_row_id,
        -- not every engine says when
        coalesce(captured.synced_at, captured.observed_at) as synced_at,
        captured.observed_at
    from captured
    left join told
        on
            captured.tenant_id = told.tenant_id
            and captured.subscription_id = told.subscription_id
    left join told_accounts on captured.tenant_id = told_accounts.tenant_id
    where
        told.told_from is null
        or captured.valid_from < told.told_from
        or captured.valid_from > told_accounts.told_to

),

latest as (

    select distinct on (tenant_id, subscription_id)
        tenant_id,
        subscription_id,
        valid_from,
        state
    from known
    order by tenant_id, subscription_id, valid_from desc, observed_at desc

),

-- The row as it is now, unless something newer is known than when it was synced: engines may keep
-- an older state of the same second. The classic one keeps no word of currency, discounts and
-- reasons, which is no change.
with_landed as (

    select * from known

    union all

    select
        landed.tenant_id,
        landed.subscription_id,
        case
            when latest.state is null then 'infinity'
            else least(landed.synced_at, {{ as_of_instant() }})
        end as valid_from,
        landed.state,
        latest.state is null as is_handover,
        'inferred' as history_source,
        'subscriptions' as source_table,
        landed.subscription_id as source_row_id,
        landed.synced_at,
        {{ as_of_instant() }} as observed_at
    from landed
    left join latest
        on
            landed.tenant_id = latest.tenant_id
            and landed.subscription_id = latest.subscription_id
    where
        latest.state is null
        or (
            latest.state - {{ not_in_classic }} <> landed.state - {{ not_in_classic }}
            and least(landed.synced_at, {{ as_of_instant() }}) > latest.valid_from
        )

),

changed as (

    select
        *,
        (
            lag(state) over subscription is distinct from state
        ) as is_change
    from with_landed
    window subscription as (
        partition by tenant_id, subscription_id
        order by valid_from, observed_at
    )

)

-- one row per subscription and unbroken [valid_from, valid_to) of its state, as events or captures
-- tell it, or the row of now. That one, and the first capture, is a handover: the invoices tell
-- what was before, and it says since when at the latest. Without events and captures it has no
-- beginning of its own (infinity)
select
    tenant_id,
    subscription_id,
    row_number() over state_order as state_number,
    valid_from,
    lead(valid_from, 1, 'infinity') over state_order as valid_to,
    state,
    is_handover,
    history_source,
    source_table,
    source_row_id,
    coalesce(synced_at, {{ as_of_instant() }}) as synced_at
from changed
where is_change
window state_order as (
    partition by tenant_id, subscription_id
    order by valid_from, observed_at
)
