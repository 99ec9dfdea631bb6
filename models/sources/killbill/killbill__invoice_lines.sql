{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

items as (

    select * from {{ ref('stg_killbill__invoice_items') }}

),

invoices as (

    select * from {{ ref('stg_killbill__invoices') }}

),

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

)

-- one row per item of an invoice that bills something
select
    'killbill' as billing_source,
    accounts.tenant_id::text as tenant_id,
    accounts.account_id::text as customer_id,
    items.subscription_id::text as subscription_id,
    items.invoice_id::text as invoice_id,
    items.item_id::text as line_id,
    'recurring'::text as kind,
    items.plan_name::text as plan,
    items.product_name::text as product,
    items.currency::text as currency,
    null::timestamptz as service_from,
    null::timestamptz as service_to,
    null::text as period_unit,
    null::integer as period_count,
    items.amount::numeric(28, 10) as amount,
    0::numeric(28, 10) as discount,
    0::numeric(28, 10) as tax,
    invoices.invoiced_at,
    null::timestamptz as paid_at,
    0::numeric(28, 10) as refunded,
    'invoice_items' as source_table,
    items.item_id::text as source_row_id
from items
inner join invoices
    on
        items.tenant_record_id = invoices.tenant_record_id
        and items.invoice_id = invoices.invoice_id
inner join accounts
    on
        invoices.tenant_record_id = accounts.tenant_record_id
        and invoices.account_id = accounts.account_id
where items.item_type = 'RECURRING' and accounts.tenant_id is not null
