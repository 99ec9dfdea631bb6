{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

credit_notes as (

    select * from {{ ref('stg_stripe__credit_notes') }}
    where status = 'issued' and amount > 0

),

credited_invoices as (

    select distinct
        tenant_id,
        invoice_id
    from credit_notes

),

note_refunds as (

    select
        tenant_id,
        credit_note_id,
        sum(amount) as named,
        coalesce(sum(amount) filter (where not is_given), 0) as not_given
    from {{ ref('int_stripe__credit_note_refunds') }}
    group by tenant_id, credit_note_id

),

invoices as (

    select * from {{ ref('stg_stripe__invoices') }}
    where status in ('open', 'paid', 'uncollectible')

),

invoice_taxes as (

    select
        lines.tenant_id,
        lines.invoice_id,
        sum(lines.tax) as tax,
        sum(lines.amount - lines.discount - lines.included_tax + lines.tax) as total
    from {{ ref('stg_stripe__invoice_lines') }} as lines
    inner join credited_invoices
        on
            lines.tenant_id = credited_invoices.tenant_id
            and lines.invoice_id = credited_invoices.invoice_id
    group by lines.tenant_id, lines.invoice_id

),

-- What a note does not take off its own invoice was paid before.
paid_back as (

    select
        credit_notes.*,
        invoices.customer_id as invoiced_customer_id,
        coalesce(note_refunds.named, 0) as named,
        coalesce(note_refunds.not_given, 0) as not_given,
        coalesce(
            credit_notes.tax / credit_notes.amount,
            case when invoice_taxes.total > 0 then invoice_taxes.tax / invoice_taxes.total end,
            0
        ) as tax_share,
        credit_notes.amount - coalesce(
            credit_notes.pre_payment_amount,
            case when credit_notes.type = 'pre_payment' then credit_notes.amount end,
            0
        ) as post_payment_amount
    from credit_notes
    inner join invoices
        on
            credit_notes.tenant_id = invoices.tenant_id
            and credit_notes.invoice_id = invoices.invoice_id
    left join invoice_taxes
        on
            credit_notes.tenant_id = invoice_taxes.tenant_id
            and credit_notes.invoice_id = invoice_taxes.invoice_id
    left join note_refunds
        on
            credit_notes.tenant_id = note_refunds.tenant_id
            and credit_notes.credit_note_id = note_refunds.credit_note_id

),

-- It came to the customer's balance, or back to the customer: by refunds, or outside of Stripe.
parts as (

    select
        *,
        case
            when balance_transaction_id is not null
                then post_payment_amount - named - coalesce(out_of_band_amount, 0)
            else 0
        end as balance_amount
    from paid_back

)

-- one row per issued credit note of a real invoice, and what became of its amount, tax included
select
    tenant_id,
    credit_note_id,
    invoice_id,
    invoiced_customer_id as customer_id,
    currency,
    created_at,
    tax_share,
    amount - post_payment_amount as offset_amount,
    balance_amount,
    post_payment_amount - balance_amount - not_given as given_back,
    -- given back by refunds of which nothing says that they are the note's
    greatest(
        post_payment_amount - balance_amount - named - coalesce(out_of_band_amount, 0), 0
    ) as given_back_unnamed
from parts
