{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

points as (

    select * from {{ ref('int_stripe__invoiced_points') }}

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

-- A price in tiers has no amount of its own that lands; what was invoiced for a quantity is one.
billed as (

    select
        points.tenant_id,
        points.price_id,
        points.currency,
        points.quantity,
        points.item_id,
        points.amount,
        points.stated_from
    from points
    inner join prices
        on points.tenant_id = prices.tenant_id and points.price_id = prices.price_id
    where
        {{ stripe_unit_amount('prices', 'points.currency') }} is null
        and not points.is_credit
        and not points.is_proration
        and points.amount > 0

)

-- one row per price without an amount for one unit, currency and quantity, with what was invoiced
-- for it last
select distinct on (tenant_id, price_id, currency, quantity)
    tenant_id,
    price_id,
    currency,
    quantity,
    amount
from billed
order by tenant_id, price_id, currency, quantity, stated_from desc, amount desc, item_id
