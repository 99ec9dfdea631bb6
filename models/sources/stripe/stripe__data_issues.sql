{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

invoices as not materialized (

    select * from {{ ref('stg_stripe__invoices') }}
    where status <> 'deleted'

),

lines as (

    select * from {{ ref('stg_stripe__invoice_lines') }}
    where invoice_status <> 'deleted'

),

invoice_payments as (

    select * from {{ ref('stg_stripe__invoice_payments') }}

),

plain_refunds as (

    select * from {{ ref('int_stripe__plain_refunds') }}

),

issues as (

    select * from {{ ref('stripe_issues') }}

),

history_issues as (

    select * from {{ ref('int_stripe__history_issues') }}

),

left_behind as (

    select * from {{ ref('int_stripe__left_behind') }}

),

named as (

    select
        tenant_id,
        customer_id
    from subscriptions

    union

    select
        tenant_id,
        customer_id
    from invoices

),

-- Paid invoices of which nothing says what paid them.
unexplained_invoices as (

    select distinct
        invoices.tenant_id,
        invoices.customer_id,
        invoices.currency
    from invoices
    left join invoice_payments
        on
            invoices.tenant_id = invoice_payments.tenant_id
            and invoices.invoice_id = invoice_payments.invoice_id
    where
        invoices.amount_paid > 0
        and coalesce(invoices.charge_id, invoices.payment_intent_id) is null
        and invoice_payments.invoice_id is null

),

unexplained_currencies as (

    select distinct
        tenant_id,
        currency
    from unexplained_invoices

),

found as (

    select
        tenant_id,
        customer_id,
        issue,
        'subscriptions' as source_table,
        subscription_id as source_row_id
    from history_issues

    union all

    select
        named.tenant_id,
        named.customer_id,
        'customer_missing' as issue,
        'customers' as source_table,
        named.customer_id as source_row_id
    from named
    left join customers
        on named.tenant_id = customers.tenant_id and named.customer_id = customers.customer_id
    where named.customer_id is not null and customers.customer_id is null

    union all

    select
        tenant_id,
        customer_id,
        'lines_truncated' as issue,
        'invoices' as source_table,
        invoice_id as source_row_id
    from invoices
    where has_more_lines

    union all

    select distinct
        tenant_id,
        customer_id,
        'unreadable_amount' as issue,
        'invoices' as source_table,
        invoice_id as source_row_id
    from lines
    where amount is null or currency is null

    union all

    select
        tenant_id,
        customer_id,
        issue,
        source_table,
        source_row_id
    from left_behind

    union all

    -- A refund of something else than an invoice is none: its customer has no such invoice.
    select
        plain_refunds.tenant_id,
        plain_refunds.customer_id,
        'refund_not_tied' as issue,
        plain_refunds.source_table,
        plain_refunds.refund_id as source_row_id
    from plain_refunds
    left join unexplained_invoices
        on
            plain_refunds.tenant_id = unexplained_invoices.tenant_id
            and plain_refunds.customer_id = unexplained_invoices.customer_id
            and plain_refunds.currency = unexplained_invoices.currency
    -- of whom is not always known
    left join unexplained_currencies
        on
            plain_refunds.tenant_id = unexplained_currencies.tenant_id
            and plain_refunds.currency = unexplained_currencies.currency
            and plain_refunds.customer_id is null
    where
        plain_refunds.invoice_id is null
        and coalesce(unexplained_invoices.tenant_id, unexplained_currencies.tenant_id) is not null

)

-- one row per row of Stripe's and reason why it could not be used as it is
select
    'stripe' as billing_source,
    coalesce(found.tenant_id::text, 'unknown') as tenant_id,
    found.customer_id::text as customer_id,
    found.issue::text as issue,
    case when issues.is_quarantined then 'error' else 'warning' end as severity,
    issues.is_quarantined,
    issues.surface_relation::text as surface_relation,
    found.source_table::text as source_table,
    found.source_row_id::text as source_row_id,
    issues.detail::text as detail
from found
left join issues on found.issue = issues.issue
