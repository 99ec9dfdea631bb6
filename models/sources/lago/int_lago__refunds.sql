{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

items as (

    select * from {{ ref('stg_lago__credit_note_items') }}

),

credit_notes as (

    select * from {{ ref('stg_lago__credit_notes') }}

),

fees as (

    select * from {{ ref('stg_lago__fees') }}

)

-- one row per fee of which credit notes gave money back: how much, without tax. Each item takes the
-- fee's coupons with it in proportion, and is given back in the proportion of its credit note.
select
    fees.fee_id,
    sum(
        items.amount * (fees.amount - fees.discount) / fees.amount * credit_notes.refunded_share
    ) as amount
from items
inner join credit_notes on items.credit_note_id = credit_notes.credit_note_id
inner join fees on items.fee_id = fees.fee_id
where credit_notes.refunded_share > 0 and fees.amount > 0
group by fees.fee_id
