{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

items as (

    select * from {{ ref('stg_stripe__subscription_items') }}

),

lines as not materialized (

    select * from {{ ref('stg_stripe__invoice_lines') }}

),

currencies as (

    select * from {{ ref('stripe_currencies') }}

),

-- An object of a price has the amount in its own currency. A line that has only the id has it in
-- the currency that it bills.
stated as (

    select
        tenant_id,
        price_id,
        price_currency as currency,
        unit_amount_minor,
        true as is_own
    from items

    union all

    select
        tenant_id,
        price_id,
        coalesce(price_currency, currency) as currency,
        unit_amount_minor,
        price_currency is not null as is_own
    from lines

),

-- What a price is in another currency lands only with who asks for it, but lines bill it.
billed as (

    select distinct on (lines.tenant_id, lines.price_id, lines.currency)
        lines.tenant_id,
        lines.price_id,
        lines.currency,
        lines.amount * coalesce(currencies.subunit_to_unit, 100)
        / {{ stripe_packages('lines', 'lines.quantity') }} as unit_amount_minor
    from lines
    left join currencies on lines.currency = currencies.currency
    where
        lines.currency <> lines.price_currency
        and lines.billing_scheme = 'per_unit'
        and lines.amount > 0
        and not lines.is_proration
        and {{ stripe_packages('lines', 'lines.quantity') }} > 0
    -- the more units, the less is rounded of one
    order by
        lines.tenant_id,
        lines.price_id,
        lines.currency,
        lines.quantity desc,
        lines.amount desc

)

-- one row per price, currency and way in which an item or a line tells what one unit is, in minor
-- units: the price's own object, its id on a line, or the line's amount
select
    tenant_id,
    price_id,
    currency,
    case when is_own then 'price' else 'line' end as told_by,
    max(unit_amount_minor) as unit_amount_minor
from stated
where price_id is not null and unit_amount_minor is not null and currency is not null
group by tenant_id, price_id, currency, is_own

union all

select
    tenant_id,
    price_id,
    currency,
    'amount' as told_by,
    unit_amount_minor
from billed
where price_id is not null
