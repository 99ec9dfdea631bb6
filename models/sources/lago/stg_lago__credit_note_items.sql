{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

credit_note_items as (

    select
        id,
        credit_note_id,
        fee_id,
        amount_cents,
        amount_currency
    from {{ source('lago', 'credit_note_items') }}

),

currencies as (

    select * from {{ ref('lago_currencies') }}

)

-- one row per fee of a credit note: how much of the fee it takes back, before tax and coupons
select
    credit_note_items.id as credit_note_item_id,
    credit_note_items.credit_note_id,
    credit_note_items.fee_id,
    credit_note_items.amount_cents / currencies.subunit_to_unit::numeric as amount
from credit_note_items
left join currencies on credit_note_items.amount_currency = currencies.currency
