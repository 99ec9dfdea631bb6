{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

state_items as (

    select * from {{ ref('int_stripe__state_items') }}

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

currencies as (

    select * from {{ ref('stripe_currencies') }}

),

billed_amounts as (

    select * from {{ ref('int_stripe__billed_amounts') }}

)

-- one row per licensed item of a state, with what it asks and with which others it is billed; where
-- nothing tells the amount, 100, of which shares are right all the same
select
    state_items.tenant_id,
    state_items.subscription_id,
    state_items.state_number,
    state_items.item_id,
    prices.period_unit || prices.period_count as billed_together,
    coalesce(
        nullif(
            {{ stripe_list_amount('prices', 'state_items.quantity', 'prices.unit_amount_minor') }},
            0
        ),
        billed_amounts.amount,
        100
    ) as amount
from state_items
inner join prices
    on state_items.tenant_id = prices.tenant_id and state_items.price_id = prices.price_id
left join currencies on state_items.currency = currencies.currency
left join billed_amounts
    on
        state_items.tenant_id = billed_amounts.tenant_id
        and state_items.price_id = billed_amounts.price_id
        and state_items.currency = billed_amounts.currency
        and state_items.quantity = billed_amounts.quantity
where not prices.is_metered
