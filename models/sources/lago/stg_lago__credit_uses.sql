{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

credits as (

    select
        id,
        invoice_id,
        credit_note_id,
        amount_cents,
        amount_currency
    from {{ source('lago', 'credits') }}

),

currencies as (

    select * from {{ ref('lago_currencies') }}

)

-- one row per use of a credit note's balance to pay an invoice; amounts include tax
select
    credits.id as credit_id,
    credits.invoice_id,
    credits.credit_note_id,
    credits.amount_currency as currency,
    credits.amount_cents / currencies.subunit_to_unit::numeric as amount
from credits
left join currencies on credits.amount_currency = currencies.currency
where credits.credit_note_id is not null
