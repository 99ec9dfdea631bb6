{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

credits as (

    select
        applied_coupon_id,
        invoice_id
    from {{ source('lago', 'credits') }}

),

invoices as (

    select
        id,
        status,
        created_at
    from {{ source('lago', 'invoices') }}

),

invoice_subscriptions as (

    select
        invoice_id,
        from_datetime,
        to_datetime
    from {{ source('lago', 'invoice_subscriptions') }}

)

-- one row per applied coupon that a finalized invoice used, with the service periods covered
select
    credits.applied_coupon_id,
    min(
        coalesce(invoice_subscriptions.from_datetime, invoices.created_at) at time zone 'UTC'
    ) as covered_from,
    max(
        coalesce(
            {{ end_of_period('invoice_subscriptions.to_datetime') }}, invoices.created_at
        ) at time zone 'UTC'
    ) as covered_to
from credits
inner join invoices on credits.invoice_id = invoices.id
left join invoice_subscriptions on invoices.id = invoice_subscriptions.invoice_id
where credits.applied_coupon_id is not null and invoices.status = 1
group by credits.applied_coupon_id
