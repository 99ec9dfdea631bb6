{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

lines as (

    select
        tenant_id,
        subscription_id,
        item_id,
        invoice_id,
        line_id,
        price_id,
        currency,
        quantity,
        amount,
        discount,
        discount_amounts,
        service_from,
        service_to,
        invoiced_at,
        is_proration,
        is_proration and is_credit as is_credit
    from {{ ref('stg_stripe__invoice_lines') }}
    where
        subscription_id is not null
        and (item_id is not null or is_proration)
        and price_id is not null
        and service_from < service_to
        and invoice_status <> 'deleted'
        and billing_reason is distinct from 'upcoming'

),

placed as (

    select * from {{ ref('int_stripe__placed_prorations') }}

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

stated as (

    select
        lines.tenant_id,
        lines.subscription_id,
        coalesce(lines.item_id, placed.item_id) as item_id,
        lines.service_from as stated_from,
        lines.service_to,
        lines.invoice_id,
        lines.price_id,
        lines.currency,
        -- a meter says afterwards what was used, which is no quantity in force
        case when prices.is_metered then 1 else coalesce(lines.quantity, 1) end as quantity,
        case when prices.is_metered then 0 else lines.amount end as amount,
        case when not prices.is_metered then lines.discount_amounts end as discount_amounts,
        lines.invoiced_at,
        lines.is_credit,
        lines.is_proration
    from lines
    left join placed
        on
            lines.item_id is null
            and lines.tenant_id = placed.tenant_id
            and lines.invoice_id = placed.invoice_id
            and lines.line_id = placed.line_id
    inner join prices on lines.tenant_id = prices.tenant_id and lines.price_id = prices.price_id
    where not (prices.is_metered and lines.is_credit)

),

-- Of lines that begin at one instant the regular one says what is in force, else what is charged
-- for the rest of the period. What is given back alone ends the item.
decided as (

    select distinct on (tenant_id, subscription_id, item_id, stated_from) *
    from stated
    order by
        tenant_id,
        subscription_id,
        item_id,
        stated_from,
        is_credit,
        is_proration,
        invoiced_at desc,
        amount desc,
        invoice_id desc

),

-- Most periods say what the one before said.
marked as (

    select
        *,
        (
            lag(price_id) over item is distinct from price_id
            or lag(quantity) over item is distinct from quantity
            or lag(is_credit) over item is distinct from is_credit
            or lag(is_proration) over item is distinct from is_proration
            or lag(amount) over item is distinct from amount
            or lag(currency) over item is distinct from currency
            or lag(discount_amounts) over item is distinct from discount_amounts
        ) as is_change
    from decided
    window item as (partition by tenant_id, subscription_id, item_id order by stated_from)

),

runs as (

    select
        *,
        count(*) filter (where is_change) over (
            partition by tenant_id, subscription_id, item_id
            order by stated_from
        ) as run
    from marked

)

-- one row per item and unbroken run of invoiced periods that say the same of it
select
    tenant_id,
    subscription_id,
    item_id,
    min(stated_from) as stated_from,
    max(stated_from) as last_stated_from,
    max(service_to) as service_to,
    price_id,
    currency,
    quantity,
    amount,
    discount_amounts,
    is_credit,
    is_proration,
    min(invoice_id) as invoice_id,
    max(invoiced_at) as last_invoiced_at,
    min(invoice_id) <> max(invoice_id) as is_on_several_invoices
from runs
group by
    tenant_id,
    subscription_id,
    item_id,
    run,
    price_id,
    currency,
    quantity,
    amount,
    discount_amounts,
    is_credit,
    is_proration
