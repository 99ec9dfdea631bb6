{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

invoices as not materialized (

    select * from {{ ref('stg_stripe__invoices') }}

),

late as (

    select
        *,
        case when collection_method = 'send_invoice' then due_at else finalized_at end as late_from,
        case
            when status = 'paid' then coalesce(paid_at, finalized_at)
            when status = 'void' then coalesce(voided_at, finalized_at)
            when status = 'uncollectible' then coalesce(uncollectible_at, finalized_at)
            else 'infinity'
        end as late_to
    from invoices
    where
        subscription_id is not null
        and status in ('open', 'paid', 'void', 'uncollectible')
        and case
            when collection_method = 'send_invoice' then due_at < {{ as_of_instant() }}
            -- the first attempt of a paid invoice was not late
            else attempt_count > case when status = 'paid' then 1 else 0 end
        end

),

-- A later invoice that is paid makes up for what is still open.
made_up as (

    select
        late.tenant_id,
        late.invoice_id,
        min(invoices.paid_at) as paid_at
    from late
    inner join invoices
        on
            late.tenant_id = invoices.tenant_id
            and late.subscription_id = invoices.subscription_id
            and late.finalized_at < invoices.finalized_at
            and invoices.status = 'paid'
    where late.late_to = 'infinity' and invoices.paid_at > late.late_from
    group by late.tenant_id, late.invoice_id

)

-- one row per invoice of a subscription that was not paid at the first attempt, or when it was due,
-- with the time for which it was late
select
    late.tenant_id,
    late.invoice_id,
    late.subscription_id,
    late.late_from,
    least(late.late_to, made_up.paid_at) as late_to
from late
left join made_up
    on late.tenant_id = made_up.tenant_id and late.invoice_id = made_up.invoice_id
where late.late_from < late.late_to
