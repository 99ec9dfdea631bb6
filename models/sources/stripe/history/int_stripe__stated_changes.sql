{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

invoiced as (

    select * from {{ ref('int_stripe__invoiced_points') }}

),

states as (

    select * from {{ ref('int_stripe__states') }}

),

state_items as (

    select
        *,
        lead(state_number) over (
            partition by tenant_id, subscription_id, item_id
            order by state_number
        ) as next_state_number
    from {{ ref('int_stripe__state_items') }}

),

first_states as (

    select
        tenant_id,
        subscription_id,
        valid_from,
        history_source,
        source_table,
        source_row_id,
        is_handover
    from states
    where state_number = 1

),

-- The first state seen is compared to the invoices, unless it is exact.
from_states as (

    select
        states.tenant_id,
        states.subscription_id,
        state_items.item_id,
        checks.changed_at,
        state_items.price_id,
        state_items.currency,
        state_items.quantity,
        checks.is_end,
        states.history_source,
        states.source_table,
        states.source_row_id,
        states.history_source = 'inferred' as is_date_unknown
    from states
    inner join state_items
        on
            states.tenant_id = state_items.tenant_id
            and states.subscription_id = state_items.subscription_id
            and states.state_number = state_items.state_number
    cross join
        lateral (
            values
            (states.valid_from, false, not states.is_handover),
            (
                states.valid_to,
                true,
                states.valid_to < 'infinity'
                and state_items.next_state_number is distinct from states.state_number + 1
                and not states.state ? 'has_more_items'
            )
        ) as checks (changed_at, is_end, is_there)
    where checks.is_there

),

-- what the invoices told of is no longer there in a first state that is exact
ended_before as (

    select distinct
        invoiced.tenant_id,
        invoiced.subscription_id,
        invoiced.item_id,
        first_states.valid_from as changed_at,
        first_states.history_source,
        first_states.source_table,
        first_states.source_row_id
    from invoiced
    inner join first_states
        on
            invoiced.tenant_id = first_states.tenant_id
            and invoiced.subscription_id = first_states.subscription_id
            and invoiced.stated_from < first_states.valid_from
    left join state_items
        on
            invoiced.tenant_id = state_items.tenant_id
            and invoiced.item_id = state_items.item_id
            and state_items.state_number = 1
    where not first_states.is_handover and state_items.item_id is null

)

-- one row per item and instant at which a state of its subscription begins or ceases to have it
select
    tenant_id,
    subscription_id,
    item_id,
    changed_at,
    price_id,
    currency,
    quantity,
    is_end,
    history_source,
    source_table,
    source_row_id,
    is_date_unknown
from from_states

union all

select
    tenant_id,
    subscription_id,
    item_id,
    changed_at,
    null as price_id,
    null as currency,
    null as quantity,
    true as is_end,
    history_source,
    source_table,
    source_row_id,
    false as is_date_unknown
from ended_before
