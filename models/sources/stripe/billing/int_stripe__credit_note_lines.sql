{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

credit_notes as (

    select * from {{ ref('stg_stripe__credit_notes') }}
    where status = 'issued'

),

lines as (

    select
        credit_notes.tenant_id,
        credit_notes.credit_note_id,
        credit_notes.invoice_id,
        parsed.invoice_line_item as line_id,
        {{ stripe_number('parsed.amount') }}
        - {{ stripe_sum('parsed.discount_amounts') }} as amount
    from credit_notes
    cross join
        lateral jsonb_to_recordset(credit_notes.lines) as parsed (
            invoice_line_item text,
            amount jsonb,
            discount_amounts jsonb
        )

),

weighed as (

    select
        *,
        sum(amount) over (partition by tenant_id, credit_note_id) as note_amount
    from lines

)

-- one row per credit note and line of its invoice that it names, with the line's share of the note
select
    tenant_id,
    credit_note_id,
    invoice_id,
    line_id,
    sum(amount) / max(note_amount) as note_share
from weighed
where line_id is not null and note_amount > 0
group by tenant_id, credit_note_id, invoice_id, line_id
