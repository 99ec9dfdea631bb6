{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

invoices as (

    select * from {{ ref('stg_stripe__invoices') }}

),

lines as (

    select * from {{ ref('stg_stripe__invoice_lines') }}

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
        status in ('open', 'paid', 'void', 'uncollectible')
        and case
            when collection_method = 'send_invoice' then due_at < {{ as_of_instant() }}
            -- the first attempt of a paid invoice was not late
            else attempt_count > case when status = 'paid' then 1 else 0 end
        end

),

-- the classic engine lands no subscription with an invoice of the newer shape
of_lines as (

    select distinct on (late.tenant_id, late.invoice_id)
        late.tenant_id,
        late.invoice_id,
        lines.subscription_id
    from late
    inner join lines on late.tenant_id = lines.tenant_id and late.invoice_id = lines.invoice_id
    where late.subscription_id is null and lines.subscription_id is not null
    order by late.tenant_id, late.invoice_id, lines.subscription_id

),

owned as (

    select
        late.tenant_id,
        late.invoice_id,
        coalesce(late.subscription_id, of_lines.subscription_id) as subscription_id,
        late.finalized_at,
        late.late_from,
        late.late_to
    from late
    left join of_lines
        on late.tenant_id = of_lines.tenant_id and late.invoice_id = of_lines.invoice_id

),

-- A later invoice that is paid makes up for what is still open.
made_up as (

    select
        owned.tenant_id,
        owned.invoice_id,
        min(invoices.paid_at) as paid_at
    from owned
    inner join invoices
        on
            owned.tenant_id = invoices.tenant_id
            and owned.subscription_id = invoices.subscription_id
            and owned.finalized_at < invoices.finalized_at
            and invoices.status = 'paid'
    where owned.late_to = 'infinity' and invoices.paid_at > owned.late_from
    group by owned.tenant_id, owned.invoice_id

)

-- one row per invoice of a subscription that was not paid at the first attempt, or when it was due,
-- with the time for which it was late
select
    owned.tenant_id,
    owned.invoice_id,
    owned.subscription_id,
    owned.late_from,
    least(owned.late_to, made_up.paid_at) as late_to
from owned
left join made_up
    on owned.tenant_id = made_up.tenant_id and owned.invoice_id = made_up.invoice_id
where owned.subscription_id is not null and owned.late_from < owned.late_to
