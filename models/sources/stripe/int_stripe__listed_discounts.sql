{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

states as (

    select * from {{ ref('int_stripe__states') }}

),

customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

items as (

    select * from {{ ref('int_stripe__state_items') }}

),

-- Those of an item come first. A customer's own lowers what has none.
listed as (

    select
        items.tenant_id,
        items.subscription_id,
        items.state_number,
        items.item_id,
        items.price_id,
        listed_ids.value #>> '{}' as discount_id,
        1 as preference,
        listed_ids.listed_at
    from items
    cross join
        lateral jsonb_array_elements({{ stripe_list('items.discounts') }})
        with ordinality as listed_ids (value, listed_at)

    union all

    select
        items.tenant_id,
        items.subscription_id,
        items.state_number,
        items.item_id,
        items.price_id,
        listed_ids.value #>> '{}' as discount_id,
        2 as preference,
        listed_ids.listed_at
    from states
    inner join items
        on
            states.tenant_id = items.tenant_id
            and states.subscription_id = items.subscription_id
            and states.state_number = items.state_number
    cross join
        lateral jsonb_array_elements({{ stripe_list("states.state -> 'discounts'") }})
        with ordinality as listed_ids (value, listed_at)

    union all

    select
        items.tenant_id,
        items.subscription_id,
        items.state_number,
        items.item_id,
        items.price_id,
        customers.discount ->> 'id' as discount_id,
        3 as preference,
        1 as listed_at
    from states
    inner join items
        on
            states.tenant_id = items.tenant_id
            and states.subscription_id = items.subscription_id
            and states.state_number = items.state_number
    inner join subscriptions
        on
            states.tenant_id = subscriptions.tenant_id
            and states.subscription_id = subscriptions.subscription_id
    inner join customers
        on
            subscriptions.tenant_id = customers.tenant_id
            and subscriptions.customer_id = customers.customer_id
    where
        not states.state ? 'discounts'
        and {{ stripe_instant("customers.discount -> 'start'") }} <= states.valid_from

)

-- one row per item of a state and discount that is given to it, to its subscription or to the
-- customer, in the order in which they apply; a coupon may be for some products only
select
    tenant_id,
    subscription_id,
    state_number,
    item_id,
    price_id,
    discount_id,
    preference,
    listed_at
from listed
