{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

credit_notes as (

    select
        id,
        invoice_id,
        status,
        total_amount_cents,
        total_amount_currency,
        taxes_amount_cents,
        refund_amount_cents,
        refund_status,
        {{ optional_column(source('lago', 'credit_notes'), 'offset_amount_cents', 'bigint') }}
            as offset_amount_cents
    from {{ source('lago', 'credit_notes') }}

),

currencies as (

    select * from {{ ref('lago_currencies') }}

)

-- one row per finalized credit note with an amount: which part of it was given back, and what it
-- takes off its own invoice. Lago's amounts include tax.
select
    credit_notes.id as credit_note_id,
    credit_notes.invoice_id,
    credit_notes.total_amount_currency as currency,
    credit_notes.taxes_amount_cents / credit_notes.total_amount_cents::numeric as tax_share,
    case
        when credit_notes.refund_status = 1
            then credit_notes.refund_amount_cents / credit_notes.total_amount_cents::numeric
        else 0
    end as refunded_share,
    coalesce(credit_notes.offset_amount_cents, 0) / currencies.subunit_to_unit::numeric
        as offset_amount
from credit_notes
left join currencies on credit_notes.total_amount_currency = currencies.currency
where credit_notes.status = 1 and credit_notes.total_amount_cents > 0
