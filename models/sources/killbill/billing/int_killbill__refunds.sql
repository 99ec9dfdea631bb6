{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

billed_items as (

    select * from {{ ref('int_killbill__billed_items') }}

),

payments as (

    select * from {{ ref('stg_killbill__invoice_payments') }}

),

adjustments as (

    select
        tenant_record_id,
        adjusted_item_id as item_id,
        sum(amount) as amount,
        sum(tax) as tax
    from billed_items
    where kind = 'credit' and adjusted_item_id is not null
    group by tenant_record_id, adjusted_item_id

),

given_back as (

    select
        tenant_record_id,
        invoice_id,
        -sum(amount) as amount
    from payments
    where payment_type in ('REFUND', 'CHARGED_BACK')
    group by tenant_record_id, invoice_id

),

-- Items as they are left by adjustments, each of which the money given back may have caused.
items as (

    select
        billed_items.tenant_record_id,
        billed_items.payer_invoice_id,
        billed_items.item_id,
        billed_items.amount,
        coalesce(adjustments.amount, 0) as adjustment,
        billed_items.amount + billed_items.tax
        + coalesce(adjustments.amount, 0) + coalesce(adjustments.tax, 0) as owed,
        coalesce(adjustments.amount, 0) + coalesce(adjustments.tax, 0) as adjusted
    from billed_items
    left join adjustments
        on
            billed_items.tenant_record_id = adjustments.tenant_record_id
            and billed_items.item_id = adjustments.item_id
    where billed_items.kind <> 'credit'

),

invoices as (

    select
        items.tenant_record_id,
        items.payer_invoice_id,
        given_back.amount as given_back,
        sum(items.owed) as owed,
        -sum(items.adjusted) as adjusted
    from items
    inner join given_back
        on
            items.tenant_record_id = given_back.tenant_record_id
            and items.payer_invoice_id = given_back.invoice_id
    group by items.tenant_record_id, items.payer_invoice_id, given_back.amount

),

-- Money is given back for what was adjusted, and else for all items in proportion.
shares as (

    select
        tenant_record_id,
        payer_invoice_id,
        case when adjusted > 0 then least(given_back / adjusted, 1) else 0 end as adjusted_share,
        case when owed > 0 then least(greatest(given_back - adjusted, 0) / owed, 1) else 0 end
            as owed_share
    from invoices

)

-- one row per item of an invoice of which money was given back: how much, without tax, and the part
-- of its adjustments that was such money
select
    items.tenant_record_id,
    items.item_id,
    shares.adjusted_share::numeric(38, 22) as adjusted_share,
    (
        -items.adjustment * shares.adjusted_share
        + (items.amount + items.adjustment) * shares.owed_share
    )::numeric(28, 10) as amount
from items
inner join shares
    on
        items.tenant_record_id = shares.tenant_record_id
        and items.payer_invoice_id = shares.payer_invoice_id
