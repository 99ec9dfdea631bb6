{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

invoices as (

    select
        id,
        customer_id,
        status,
        payment_status,
        self_billed,
        payment_dispute_lost_at,
        finalized_at,
        created_at
    from {{ source('lago', 'invoices') }}

),

payments as (

    select
        payable_type,
        payable_id,
        payable_payment_status,
        created_at
    from {{ source('lago', 'payments') }}

),

requested_invoices as (

    select
        invoice_id,
        payment_request_id
    from {{ source('lago', 'invoices_payment_requests') }}

),

-- A payment pays one invoice, or those that a payment request asks for together.
invoice_payments as (

    select
        coalesce(requested_invoices.invoice_id, payments.payable_id) as invoice_id,
        max(payments.created_at) as last_paid_at
    from payments
    left join requested_invoices
        on
            payments.payable_id = requested_invoices.payment_request_id
            and payments.payable_type = 'PaymentRequest'
    where payments.payable_payment_status::text = 'succeeded'
    group by coalesce(requested_invoices.invoice_id, payments.payable_id)

)

-- one row per invoice, whatever its status
select
    invoices.id as invoice_id,
    invoices.customer_id,
    {{ is_real_invoice('invoices') }} as is_real,
    invoices.payment_status = 1 as is_paid,
    -- releases before v1.26 kept no time of finalization
    coalesce(invoices.finalized_at, invoices.created_at) at time zone 'UTC' as invoiced_at,
    invoice_payments.last_paid_at at time zone 'UTC' as last_paid_at
from invoices
left join invoice_payments on invoices.id = invoice_payments.invoice_id
