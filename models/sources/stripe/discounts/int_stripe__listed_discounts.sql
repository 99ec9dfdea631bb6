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

phases as (

    select * from {{ ref('int_stripe__phases') }}

),

phase_discounts as (

    select * from {{ ref('int_stripe__phase_discounts') }}
    where price_id is null

),

-- What a customer's own discount lowers: a phase that names none has none of its subscription's.
without_discounts as (

    select
        states.tenant_id,
        states.subscription_id,
        subscriptions.customer_id,
        states.state_number,
        states.valid_from
    from states
    inner join subscriptions
        on
            states.tenant_id = subscriptions.tenant_id
            and states.subscription_id = subscriptions.subscription_id
    where not states.state ? 'discounts'

    union all

    select
        tenant_id,
        subscription_id,
        customer_id,
        state_number,
        starts_at as valid_from
    from phases
    where discounts = '[]'

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
        phase_discounts.discount_id,
        2 as preference,
        phase_discounts.listed_at
    from phase_discounts
    inner join items
        on
            phase_discounts.tenant_id = items.tenant_id
            and phase_discounts.subscription_id = items.subscription_id
            and phase_discounts.state_number = items.state_number

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
    from without_discounts
    inner join items
        on
            without_discounts.tenant_id = items.tenant_id
            and without_discounts.subscription_id = items.subscription_id
            and without_discounts.state_number = items.state_number
    inner join customers
        on
            without_discounts.tenant_id = customers.tenant_id
            and without_discounts.customer_id = customers.customer_id
    where
        {{ stripe_instant("customers.discount -> 'start'") }} <= without_discounts.valid_from

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
