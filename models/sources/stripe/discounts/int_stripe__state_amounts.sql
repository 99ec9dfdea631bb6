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

),

priced as (

    select
        state_items.*,
        prices.period_unit,
        prices.period_count,
        prices.divide_by,
        prices.divide_round,
        ({{ stripe_unit_amount('prices', 'state_items.currency') }}) as unit_amount_minor
    from state_items
    inner join prices
        on state_items.tenant_id = prices.tenant_id and state_items.price_id = prices.price_id
    where not prices.is_metered

)

-- one row per licensed item of a state, with what it asks and with which others it is billed; where
-- nothing tells the amount, 100, of which shares are right all the same
select
    priced.tenant_id,
    priced.subscription_id,
    priced.state_number,
    priced.item_id,
    priced.period_unit || priced.period_count as billed_together,
    coalesce(
        {{ stripe_list_amount('priced', 'priced.quantity', 'priced.unit_amount_minor') }},
        billed_amounts.amount,
        100
    ) as amount
from priced
left join currencies on priced.currency = currencies.currency
left join billed_amounts
    on
        priced.tenant_id = billed_amounts.tenant_id
        and priced.price_id = billed_amounts.price_id
        and priced.currency = billed_amounts.currency
        and priced.quantity = billed_amounts.quantity
