{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

credit_notes as (

    select * from {{ ref('int_stripe__credit_notes') }}
    where given_back > 0

),

credited_lines as (

    select * from {{ ref('int_stripe__credit_note_lines') }}

),

invoices as (

    select * from {{ ref('stg_stripe__invoices') }}

),

lines as not materialized (

    select
        tenant_id,
        invoice_id,
        line_id,
        amount - discount - included_tax as amount
    from {{ ref('stg_stripe__invoice_lines') }}

),

plain_refunds as (

    select
        tenant_id,
        invoice_id,
        sum(amount) as amount
    from {{ ref('int_stripe__plain_refunds') }}
    where invoice_id is not null
    group by tenant_id, invoice_id

),

credited_shares as (

    select
        tenant_id,
        credit_note_id,
        sum(note_share) as note_share
    from credited_lines
    group by tenant_id, credit_note_id

),

of_notes as (

    select
        credit_notes.tenant_id,
        credit_notes.invoice_id,
        sum(credit_notes.given_back * (1 - coalesce(credited_shares.note_share, 0))) as amount,
        sum(credit_notes.given_back_unnamed) as given_back_unnamed
    from credit_notes
    left join credited_shares
        on
            credit_notes.tenant_id = credited_shares.tenant_id
            and credit_notes.credit_note_id = credited_shares.credit_note_id
    group by credit_notes.tenant_id, credit_notes.invoice_id

),

-- What speaks of an invoice as a whole: what a note says of no line, and refunds, but for those
-- behind a note that does not name them.
of_invoices as (

    select
        coalesce(of_notes.tenant_id, plain_refunds.tenant_id) as tenant_id,
        coalesce(of_notes.invoice_id, plain_refunds.invoice_id) as invoice_id,
        coalesce(of_notes.amount, 0) + greatest(
            coalesce(plain_refunds.amount, 0) - coalesce(of_notes.given_back_unnamed, 0), 0
        ) as amount
    from of_notes
    full join plain_refunds
        on
            of_notes.tenant_id = plain_refunds.tenant_id
            and of_notes.invoice_id = plain_refunds.invoice_id

),

of_lines as (

    -- in proportion, each line with its part of the tax
    select
        lines.tenant_id,
        lines.invoice_id,
        lines.line_id,
        of_invoices.amount * lines.amount / invoices.total as amount
    from of_invoices
    inner join invoices
        on
            of_invoices.tenant_id = invoices.tenant_id
            and of_invoices.invoice_id = invoices.invoice_id
    inner join lines
        on of_invoices.tenant_id = lines.tenant_id and of_invoices.invoice_id = lines.invoice_id
    where of_invoices.amount > 0 and invoices.total > 0

    union all

    select
        credited_lines.tenant_id,
        credited_lines.invoice_id,
        credited_lines.line_id,
        credit_notes.given_back * credited_lines.note_share * (1 - credit_notes.tax_share) as amount
    from credit_notes
    inner join credited_lines
        on
            credit_notes.tenant_id = credited_lines.tenant_id
            and credit_notes.credit_note_id = credited_lines.credit_note_id

),

of_each_line as (

    select
        tenant_id,
        invoice_id,
        line_id,
        round(sum(amount), 10) as amount
    from of_lines
    group by tenant_id, invoice_id, line_id

)

-- one row per line of an invoice of which money was given back: how much, without tax, and never
-- more than it came to
select
    of_each_line.tenant_id,
    of_each_line.invoice_id,
    of_each_line.line_id,
    case
        when lines.amount < 0 then greatest(of_each_line.amount, lines.amount)
        else least(of_each_line.amount, lines.amount)
    end as amount
from of_each_line
inner join lines
    on
        of_each_line.tenant_id = lines.tenant_id
        and of_each_line.invoice_id = lines.invoice_id
        and of_each_line.line_id = lines.line_id
