{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

items as (

    select * from {{ ref('stg_killbill__invoice_items') }}

),

invoices as (

    select * from {{ ref('stg_killbill__invoices') }}
    where not is_parent

),

-- What adjusts an item names nothing but the item.
billed as (

    select
        items.tenant_record_id,
        items.item_id,
        items.invoice_id,
        invoices.payer_invoice_id,
        invoices.account_id,
        invoices.invoiced_at,
        items.item_type,
        items.currency,
        items.amount,
        items.start_date,
        items.end_date,
        linked_items.item_id as linked_item_id,
        coalesce(items.subscription_id, linked_items.subscription_id) as subscription_id,
        coalesce(items.product_name, linked_items.product_name) as product_name,
        coalesce(items.plan_name, linked_items.plan_name) as plan_name,
        coalesce(items.phase_name, linked_items.phase_name) as phase_name,
        coalesce(items.catalog_effective_at, linked_items.catalog_effective_at)
            as catalog_effective_at,
        items.item_type = 'TAX'
        or (items.item_type = 'ITEM_ADJ' and coalesce(linked_items.item_type = 'TAX', false))
            as is_tax,
        coalesce(
            items.item_type = 'TAX'
            and linked_items.invoice_id = items.invoice_id
            and linked_items.item_type not in ('TAX', 'ITEM_ADJ', 'CBA_ADJ', 'CREDIT_ADJ'),
            false
        ) as is_tax_of_item
    from items
    inner join invoices
        on
            items.tenant_record_id = invoices.tenant_record_id
            and items.invoice_id = invoices.invoice_id
    left join items as linked_items
        on
            items.tenant_record_id = linked_items.tenant_record_id
            and items.linked_item_id = linked_items.item_id
    -- credit is how an invoice was paid
    where items.item_type not in ('CBA_ADJ', 'CREDIT_ADJ', 'PARENT_SUMMARY')

),

taxes as (

    select
        tenant_record_id,
        linked_item_id as item_id,
        sum(amount) as amount
    from billed
    where is_tax_of_item
    group by tenant_record_id, linked_item_id

)

-- one row per item of an invoice that bills something or gives it back; a tax is part of the item
-- that it names, if that stands on the same invoice
select
    billed.tenant_record_id,
    billed.item_id,
    billed.invoice_id,
    billed.payer_invoice_id,
    billed.account_id,
    billed.subscription_id,
    case
        when billed.item_type in ('RECURRING', 'REPAIR_ADJ') then 'recurring'
        when billed.item_type = 'USAGE' then 'usage'
        when billed.item_type = 'TAX' then 'tax'
        when billed.item_type = 'ITEM_ADJ' then 'credit'
        else 'one_off'
    end as kind,
    case when billed.item_type = 'ITEM_ADJ' then billed.linked_item_id end as adjusted_item_id,
    billed.product_name,
    billed.plan_name,
    billed.phase_name,
    billed.catalog_effective_at,
    billed.currency,
    billed.start_date,
    billed.end_date,
    case when billed.is_tax then 0 else billed.amount end as amount,
    case when billed.is_tax then billed.amount else coalesce(taxes.amount, 0) end as tax,
    billed.invoiced_at
from billed
left join taxes
    on
        billed.tenant_record_id = taxes.tenant_record_id
        and billed.item_id = taxes.item_id
where not billed.is_tax_of_item
