{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

credit_notes as (

    select * from {{ ref('int_stripe__credit_notes') }}

),

balance_uses as (

    select * from {{ ref('int_stripe__balance_uses') }}

),

lines as (

    select * from {{ ref('stg_stripe__invoice_lines') }}
    where credited > 0

)

-- one row per payment of an invoice with what came in, or was given, before: a credit note through
-- the customer's balance, a credit note of the invoice itself, billing credits; tax included
select
    balance_uses.tenant_id,
    balance_uses.credit_note_id || ':' || balance_uses.invoice_id as line_id,
    balance_uses.invoice_id,
    balance_uses.currency,
    balance_uses.amount,
    credit_notes.tax_share,
    'credit_notes' as source_table,
    balance_uses.credit_note_id as source_row_id
from balance_uses
inner join credit_notes
    on
        balance_uses.tenant_id = credit_notes.tenant_id
        and balance_uses.credit_note_id = credit_notes.credit_note_id

union all

select
    tenant_id,
    credit_note_id as line_id,
    invoice_id,
    currency,
    offset_amount as amount,
    tax_share,
    'credit_notes' as source_table,
    credit_note_id as source_row_id
from credit_notes
where offset_amount > 0

union all

-- these are taken off before tax
select
    tenant_id,
    line_id || ':credit' as line_id,
    invoice_id,
    currency,
    credited as amount,
    0 as tax_share,
    'invoices' as source_table,
    invoice_id as source_row_id
from lines
