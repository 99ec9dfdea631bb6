{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

states as (

    select * from {{ ref('int_stripe__states') }}
    where is_handover

),

state_items as (

    select * from {{ ref('int_stripe__state_items') }}

),

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

-- what the invoices last said of an item before the state was seen
invoiced as (

    select distinct on (points.tenant_id, points.subscription_id, points.item_id) points.*
    from {{ ref('int_stripe__invoiced_points') }} as points
    inner join states
        on
            points.tenant_id = states.tenant_id
            and points.subscription_id = states.subscription_id
            and points.stated_from < states.valid_from
    order by
        points.tenant_id,
        points.subscription_id,
        points.item_id,
        points.stated_from desc

),

seen as (

    select
        states.tenant_id,
        states.subscription_id,
        states.state_number,
        states.history_source,
        least(states.synced_at, states.valid_from) as seen_at,
        state_items.item_id,
        state_items.price_id,
        state_items.currency,
        state_items.quantity,
        state_items.created_at,
        -- what was there from the beginning has no instant of its own
        case
            when state_items.created_at > subscriptions.created_at + interval '1 minute'
                then state_items.created_at
            else subscriptions.started_at
        end as begins_at
    from states
    inner join state_items
        on
            states.tenant_id = state_items.tenant_id
            and states.subscription_id = state_items.subscription_id
            and states.state_number = state_items.state_number
    left join subscriptions
        on
            states.tenant_id = subscriptions.tenant_id
            and states.subscription_id = subscriptions.subscription_id

),

gone as (

    select
        invoiced.tenant_id,
        invoiced.subscription_id,
        invoiced.item_id,
        invoiced.price_id,
        invoiced.currency,
        invoiced.quantity,
        least(states.synced_at, states.valid_from, invoiced.service_to) as changed_at,
        invoiced.last_stated_from
    from invoiced
    inner join states
        on
            invoiced.tenant_id = states.tenant_id
            and invoiced.subscription_id = states.subscription_id
    left join state_items
        on
            states.tenant_id = state_items.tenant_id
            and states.state_number = state_items.state_number
            and invoiced.item_id = state_items.item_id
    where
        state_items.item_id is null
        and not invoiced.is_credit
        and not states.state ? 'has_more_items'
        -- a row synced before the invoice says nothing of it
        and states.synced_at >= invoiced.last_stated_from

)

-- one row per item that the state first seen of a subscription shows otherwise than its invoices,
-- with the instant since which, at the latest, it is so
select
    seen.tenant_id,
    seen.subscription_id,
    seen.item_id,
    case
        when invoiced.item_id is null then seen.begins_at
        when seen.created_at > invoiced.last_stated_from then seen.created_at
        else greatest(seen.seen_at, invoiced.last_stated_from)
    end as changed_at,
    seen.price_id,
    seen.currency,
    seen.quantity,
    false as is_end,
    invoiced.item_id is not null
    and coalesce(seen.created_at <= invoiced.last_stated_from, true) as is_date_unknown
from seen
left join invoiced
    on seen.tenant_id = invoiced.tenant_id and seen.item_id = invoiced.item_id
where
    invoiced.item_id is null
    or (
        seen.seen_at >= invoiced.last_stated_from
        and (
            invoiced.is_credit
            or invoiced.price_id <> seen.price_id
            or invoiced.quantity <> seen.quantity
        )
    )

union all

select
    tenant_id,
    subscription_id,
    item_id,
    greatest(changed_at, last_stated_from) as changed_at,
    price_id,
    currency,
    quantity,
    true as is_end,
    true as is_date_unknown
from gone
