{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

fees as (

    select * from {{ ref('int_lago__fees') }}

),

invoices as (

    select * from {{ ref('stg_lago__invoices') }}

),

customers as (

    select * from {{ ref('stg_lago__customers') }}

),

credit_notes as (

    select * from {{ ref('stg_lago__credit_notes') }}

),

credit_uses as (

    select * from {{ ref('stg_lago__credit_uses') }}

),

-- an invoice that credit alone has paid is paid when its fees are
paid_invoices as (

    select
        invoice_id,
        max(paid_at) as paid_at
    from fees
    group by invoice_id

),

real_credit_notes as (

    select credit_notes.*
    from credit_notes
    inner join invoices on credit_notes.invoice_id = invoices.invoice_id
    where invoices.is_real

),

-- What a credit note does not give back pays for something else: a later invoice from its balance,
-- or what is left of its own (an offset). That money came in once, with the credited invoice; one
-- that does not count has no such money.
credits as (

    select
        credit_uses.credit_id as line_id,
        'credits' as source_table,
        credit_uses.invoice_id,
        credit_uses.currency,
        credit_uses.amount,
        real_credit_notes.tax_share
    from credit_uses
    inner join real_credit_notes
        on credit_uses.credit_note_id = real_credit_notes.credit_note_id

    union all

    select
        credit_note_id as line_id,
        'credit_notes' as source_table,
        invoice_id,
        currency,
        offset_amount as amount,
        tax_share
    from real_credit_notes
    where offset_amount > 0

),

lines as (

    select
        tenant_id,
        customer_id,
        subscription_id,
        invoice_id,
        fee_id as line_id,
        kind,
        plan_code,
        product,
        currency,
        service_from,
        service_to,
        period_unit,
        period_count,
        amount,
        discount,
        tax,
        invoiced_at,
        paid_at,
        refunded,
        'fees' as source_table
    from fees
    where unusable_because is null

    union all

    select
        customers.tenant_id,
        customers.customer_id,
        null as subscription_id,
        credits.invoice_id,
        credits.line_id,
        'credit' as kind,
        null as plan_code,
        null as product,
        credits.currency,
        null as service_from,
        null as service_to,
        null as period_unit,
        null as period_count,
        -credits.amount * (1 - credits.tax_share) as amount,
        0 as discount,
        -credits.amount * credits.tax_share as tax,
        invoices.invoiced_at,
        paid_invoices.paid_at,
        0 as refunded,
        credits.source_table
    from credits
    inner join invoices on credits.invoice_id = invoices.invoice_id
    left join paid_invoices on credits.invoice_id = paid_invoices.invoice_id
    inner join customers on invoices.customer_id = customers.customer_id
    where invoices.is_real and credits.amount < 1e15

)

-- one row per billed line of a real invoice, and per paid fee outside of invoices
select
    'lago' as billing_source,
    tenant_id::text as tenant_id,
    customer_id::text as customer_id,
    subscription_id::text as subscription_id,
    invoice_id::text as invoice_id,
    line_id::text as line_id,
    kind::text as kind,
    plan_code::text as plan,
    product::text as product,
    currency::text as currency,
    service_from,
    service_to,
    period_unit::text as period_unit,
    period_count,
    amount::numeric(28, 10) as amount,
    discount::numeric(28, 10) as discount,
    tax::numeric(28, 10) as tax,
    invoiced_at,
    paid_at,
    refunded::numeric(28, 10) as refunded,
    source_table::text as source_table,
    line_id::text as source_row_id
from lines
