{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

refunds as (

    select * from {{ ref('stg_stripe__refunds') }}

),

charges as not materialized (

    select * from {{ ref('stg_stripe__charges') }}

),

invoices as (

    select * from {{ ref('stg_stripe__invoices') }}

),

invoice_payments as (

    select * from {{ ref('stg_stripe__invoice_payments') }}

),

named_by_notes as (

    select
        tenant_id,
        refund_id,
        sum(amount) as amount
    from {{ ref('int_stripe__credit_note_refunds') }}
    group by tenant_id, refund_id

),

landed_refunds as (

    select
        tenant_id,
        charge_id,
        sum(amount) as amount
    from refunds
    where status not in ('failed', 'canceled')
    group by tenant_id, charge_id

),

-- What a charge says was given back of it, and no refund that has landed.
plain as (

    select
        refunds.tenant_id,
        'refunds' as source_table,
        refunds.refund_id,
        refunds.charge_id,
        refunds.payment_intent_id,
        refunds.currency,
        refunds.amount - coalesce(named_by_notes.amount, 0) as amount
    from refunds
    left join named_by_notes
        on
            refunds.tenant_id = named_by_notes.tenant_id
            and refunds.refund_id = named_by_notes.refund_id
    where refunds.status = 'succeeded'

    union all

    select
        charges.tenant_id,
        'charges' as source_table,
        charges.charge_id as refund_id,
        charges.charge_id,
        charges.payment_intent_id,
        charges.currency,
        charges.amount_refunded - coalesce(landed_refunds.amount, 0) as amount
    from charges
    left join landed_refunds
        on
            charges.tenant_id = landed_refunds.tenant_id
            and charges.charge_id = landed_refunds.charge_id
    where charges.amount_refunded > 0

),

wanted as (

    select
        plain.tenant_id,
        plain.source_table,
        plain.refund_id,
        plain.currency,
        plain.amount,
        charges.customer_id,
        payer.id as payer_id
    from plain
    left join charges
        on plain.tenant_id = charges.tenant_id and plain.charge_id = charges.charge_id
    cross join
        lateral (
            values
            (plain.charge_id), (coalesce(plain.payment_intent_id, charges.payment_intent_id))
        ) as payer (id)
    where plain.amount > 0

),

-- Who paid an invoice: its charge says so, or it does itself, or a payment of it.
payers as (

    select
        tenant_id,
        invoice_id,
        charge_id as payer_id
    from charges
    where invoice_id is not null

    union all

    select
        invoices.tenant_id,
        invoices.invoice_id,
        payer.id as payer_id
    from invoices
    cross join
        lateral (values (invoices.charge_id), (invoices.payment_intent_id)) as payer (id)
    where payer.id is not null

    union all

    select
        invoice_payments.tenant_id,
        invoice_payments.invoice_id,
        payer.id as payer_id
    from invoice_payments
    cross join
        lateral (
            values (invoice_payments.charge_id), (invoice_payments.payment_intent_id)
        ) as payer (id)
    where payer.id is not null

)

-- one row per refund, less what credit notes account for, with the invoice that was paid back if
-- it is known
select distinct on (wanted.tenant_id, wanted.source_table, wanted.refund_id)
    wanted.tenant_id,
    wanted.source_table,
    wanted.refund_id,
    wanted.customer_id,
    wanted.currency,
    wanted.amount,
    payers.invoice_id
from wanted
left join payers
    on wanted.tenant_id = payers.tenant_id and wanted.payer_id = payers.payer_id
order by wanted.tenant_id, wanted.source_table, wanted.refund_id, payers.invoice_id
