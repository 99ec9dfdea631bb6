{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

invoice_payments as (

    select
        record_id,
        id,
        type,
        invoice_id,
        payment_date,
        amount,
        tenant_record_id,
        {{ optional_column(source('killbill', 'invoice_payments'), 'status', 'text') }} as status,
        -- 0.22
        {{ optional_column(source('killbill', 'invoice_payments'), 'success', 'boolean') }}
            as success
    from {{ source('killbill', 'invoice_payments') }}

)

-- one row per payment of an invoice that went through, refunds and chargebacks included
select
    id::text as invoice_payment_id,
    record_id::bigint as payment_record_id,
    tenant_record_id::bigint as tenant_record_id,
    invoice_id::text as invoice_id,
    type::text as payment_type,
    amount::numeric as amount,
    payment_date at time zone 'UTC' as paid_at
from invoice_payments
where coalesce(status::text = 'SUCCESS', success)
