{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

credit_notes as (

    select * from {{ ref('stg_stripe__credit_notes') }}
    where status = 'issued'

),

refunds as (

    select * from {{ ref('stg_stripe__refunds') }}

),

currencies as (

    select * from {{ ref('stripe_currencies') }}

),

-- Newer versions of the API list the refunds of a credit note, each with its part; older ones name
-- the only one.
named as (

    select
        credit_notes.tenant_id,
        credit_notes.credit_note_id,
        {{ stripe_id('listed.refund') }} as refund_id,
        {{ stripe_amount('listed.amount_refunded') }} as amount
    from credit_notes
    cross join
        lateral jsonb_to_recordset(credit_notes.refunds) as listed (
            refund jsonb,
            amount_refunded jsonb
        )
    left join currencies on credit_notes.currency = currencies.currency

    union all

    select
        tenant_id,
        credit_note_id,
        refund_id,
        null as amount
    from credit_notes
    where refund_id is not null and refunds = '[]'

)

-- one row per credit note and landed refund that it names, with the part of the refund that is its
select
    named.tenant_id,
    named.credit_note_id,
    named.refund_id,
    coalesce(named.amount, refunds.amount) as amount,
    refunds.status = 'succeeded' as is_given
from named
inner join refunds
    on named.tenant_id = refunds.tenant_id and named.refund_id = refunds.refund_id
