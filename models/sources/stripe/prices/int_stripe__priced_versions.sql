{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

versions as (

    select * from {{ ref('int_stripe__item_versions') }}

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
        versions.*,
        prices.plan,
        prices.product,
        prices.is_metered,
        prices.period_unit,
        prices.period_count,
        prices.divide_by,
        prices.divide_round,
        ({{ stripe_unit_amount('prices', 'versions.currency') }}) as unit_amount_minor
    from versions
    inner join prices
        on versions.tenant_id = prices.tenant_id and versions.price_id = prices.price_id

),

listed as (

    select
        priced.*,
        {{ stripe_list_amount('priced', 'priced.quantity', 'priced.unit_amount_minor') }}
            as list_amount
    from priced
    left join currencies on priced.currency = currencies.currency

),

-- The amount invoiced for the same quantity, else for the nearest.
billed as (

    select distinct on (listed.tenant_id, listed.item_id, listed.valid_from)
        listed.tenant_id,
        listed.item_id,
        listed.valid_from,
        billed_amounts.amount
    from listed
    inner join billed_amounts
        on
            listed.tenant_id = billed_amounts.tenant_id
            and listed.price_id = billed_amounts.price_id
            and listed.currency = billed_amounts.currency
    where listed.list_amount is null and not listed.is_metered
    order by
        listed.tenant_id,
        listed.item_id,
        listed.valid_from,
        abs(billed_amounts.quantity - listed.quantity),
        billed_amounts.quantity

)

-- one row per version of an item with what its price asks for a period; null where the price alone
-- does not tell, and no invoice does
select
    listed.tenant_id,
    listed.subscription_id,
    listed.item_id,
    listed.valid_from,
    listed.valid_to,
    listed.price_id,
    listed.plan,
    listed.product,
    listed.is_metered,
    coalesce(listed.period_unit, 'month') as period_unit,
    coalesce(listed.period_count, 1) as period_count,
    listed.currency,
    listed.quantity,
    (
        case when listed.is_metered then 0 else coalesce(listed.list_amount, billed.amount) end
    )::numeric(28, 10) as amount,
    case when billed.amount is not null then 'invoices' else listed.history_source end
        as history_source,
    listed.source_table,
    listed.source_row_id,
    listed.is_date_unknown
from listed
left join billed
    on
        listed.tenant_id = billed.tenant_id
        and listed.item_id = billed.item_id
        and listed.valid_from = billed.valid_from
