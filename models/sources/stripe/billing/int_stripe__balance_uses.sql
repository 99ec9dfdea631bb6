{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

credit_notes as (

    select * from {{ ref('int_stripe__credit_notes') }}
    where balance_amount > 0

),

credited_customers as (

    select distinct
        tenant_id,
        customer_id
    from credit_notes

),

invoices as (

    select invoices.*
    from {{ ref('stg_stripe__invoices') }} as invoices
    inner join credited_customers
        on
            invoices.tenant_id = credited_customers.tenant_id
            and invoices.customer_id = credited_customers.customer_id
    where
        invoices.status in ('open', 'paid', 'uncollectible')
        and invoices.ending_balance is not null
        and invoices.starting_balance is not null

),

-- What was put into and taken from the balance, below zero where it is credit.
changes as (

    select
        tenant_id,
        customer_id,
        currency,
        created_at as changed_at,
        credit_note_id,
        null as invoice_id,
        -balance_amount as noted,
        null::numeric as starting_balance,
        null::numeric as ending_balance,
        0 as invoice_total
    from credit_notes

    union all

    select
        tenant_id,
        customer_id,
        currency,
        finalized_at as changed_at,
        null as credit_note_id,
        invoice_id,
        0 as noted,
        starting_balance,
        ending_balance,
        total as invoice_total
    from invoices

),

running as (

    select
        *,
        sum(noted) over (
            partition by tenant_id, customer_id, currency
            order by changed_at, credit_note_id nulls last, invoice_id
            rows unbounded preceding
        ) as noted_so_far
    from changes

),

-- Between two invoices the balance may also have been changed by hand.
explained as (

    select
        *,
        case
            when invoice_id is not null
                then
                    starting_balance - coalesce(lag(ending_balance) over invoices_of_one, 0)
                    - (noted_so_far - coalesce(lag(noted_so_far) over invoices_of_one, 0))
            else 0
        end as by_hand
    from running
    window
        invoices_of_one as (
            partition by tenant_id, customer_id, currency, invoice_id is not null
            order by changed_at, invoice_id
        )

),

-- What was put in first is taken first: each part of the balance is a range of a running sum.
movements as (

    select
        explained.tenant_id,
        explained.customer_id,
        explained.currency,
        explained.credit_note_id,
        part.used_by as invoice_id,
        part.put_in,
        part.taken,
        sum(part.put_in) over everything as put_in_until,
        sum(part.taken) over everything as taken_until
    from explained
    cross join
        lateral (
            values
            (1, null, greatest(-explained.by_hand, 0), greatest(explained.by_hand, 0)),
            (
                2,
                explained.invoice_id,
                -explained.noted + greatest(
                    least(-explained.invoice_total, -explained.ending_balance), 0
                ),
                greatest(
                    least(
                        explained.ending_balance - explained.starting_balance,
                        -explained.starting_balance
                    ),
                    0
                )
            )
        ) as part (step, used_by, put_in, taken)
    window
        everything as (
            partition by explained.tenant_id, explained.customer_id, explained.currency
            order by
                explained.changed_at,
                explained.credit_note_id nulls last,
                explained.invoice_id,
                part.step
            rows unbounded preceding
        )

)

-- one row per credit note and invoice that the customer's balance has paid with it, tax included
select
    notes.tenant_id,
    notes.customer_id,
    notes.currency,
    notes.credit_note_id,
    uses.invoice_id,
    least(notes.put_in_until, uses.taken_until)
    - greatest(notes.put_in_until - notes.put_in, uses.taken_until - uses.taken) as amount
from movements as notes
inner join movements as uses
    on
        notes.tenant_id = uses.tenant_id
        and notes.customer_id = uses.customer_id
        and notes.currency = uses.currency
        and notes.put_in_until > uses.taken_until - uses.taken
        and notes.put_in_until - notes.put_in < uses.taken_until
where
    notes.credit_note_id is not null
    and notes.put_in > 0
    and uses.invoice_id is not null
    and uses.taken > 0
