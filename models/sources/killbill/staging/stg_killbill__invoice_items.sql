{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

invoice_items as (

    select
        record_id,
        id,
        type,
        invoice_id,
        account_id,
        subscription_id,
        product_name,
        plan_name,
        phase_name,
        catalog_effective_date,
        start_date,
        end_date,
        amount,
        rate,
        currency,
        linked_item_id,
        created_date,
        tenant_record_id
    from {{ source('killbill', 'invoice_items') }}

)

-- one row per item of an invoice, whatever the invoice
select
    id::text as item_id,
    record_id::bigint as item_record_id,
    tenant_record_id::bigint as tenant_record_id,
    invoice_id::text as invoice_id,
    account_id::text as account_id,
    subscription_id::text as subscription_id,
    linked_item_id::text as linked_item_id,
    type::text as item_type,
    product_name::text as product_name,
    plan_name::text as plan_name,
    phase_name::text as phase_name,
    upper(currency::text) as currency,
    amount::numeric as amount,
    rate::numeric as rate,
    start_date::date as start_date,
    end_date::date as end_date,
    catalog_effective_date at time zone 'UTC' as catalog_effective_at,
    created_date at time zone 'UTC' as created_at
from invoice_items
