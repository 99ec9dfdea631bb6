{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

invoices as (

    select * from {{ ref('stg_killbill__invoices') }}

),

items as (

    select * from {{ ref('stg_killbill__invoice_items') }}

),

payments as (

    select * from {{ ref('stg_killbill__invoice_payments') }}

),

-- What is billed adds to the balance, credit that is used and payments take from it. What is given
-- back later is no debt again.
entries as (

    select
        invoices.tenant_record_id,
        invoices.invoice_id,
        greatest(invoices.invoiced_at, items.created_at) as entered_at,
        items.amount
    from invoices
    inner join items
        on
            invoices.tenant_record_id = items.tenant_record_id
            and invoices.invoice_id = items.invoice_id

    union all

    select
        invoices.tenant_record_id,
        invoices.invoice_id,
        greatest(invoices.invoiced_at, payments.paid_at) as entered_at,
        -payments.amount as amount
    from invoices
    inner join payments
        on
            invoices.tenant_record_id = payments.tenant_record_id
            and invoices.invoice_id = payments.invoice_id
            and payments.payment_type = 'ATTEMPT'

),

balances as (

    select
        tenant_record_id,
        invoice_id,
        entered_at,
        sum(sum(amount)) over (
            partition by tenant_record_id, invoice_id
            order by entered_at
        ) as balance
    from entries
    group by tenant_record_id, invoice_id, entered_at

),

debts as (

    select
        tenant_record_id,
        invoice_id,
        max(entered_at) as owed_at
    from balances
    where balance > 0
    group by tenant_record_id, invoice_id

)

-- one row per invoice of which nothing is owed any more, and since when
select
    balances.tenant_record_id,
    balances.invoice_id,
    min(balances.entered_at) as paid_at
from balances
left join debts
    on
        balances.tenant_record_id = debts.tenant_record_id
        and balances.invoice_id = debts.invoice_id
where balances.entered_at > coalesce(debts.owed_at, '-infinity')
group by balances.tenant_record_id, balances.invoice_id
