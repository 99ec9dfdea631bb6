{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

currencies as (

    select * from {{ ref('stripe_currencies') }}

)

-- one row per payment of an invoice, whatever its status; amounts in major units
select
    parsed.id as invoice_payment_id,
    source_rows.tenant_id,
    {{ stripe_id('parsed.invoice') }} as invoice_id,
    {{ stripe_id("parsed.payment -> 'charge'") }} as charge_id,
    {{ stripe_id("parsed.payment -> 'payment_intent'") }} as payment_intent_id,
    parsed.status,
    upper(parsed.currency) as currency,
    {{ stripe_amount('parsed.amount_paid') }} as amount,
    {{ stripe_instant("parsed.status_transitions -> 'paid_at'") }} as paid_at,
    {{ stripe_instant('parsed.created') }} as created_at
from {{ stripe_rows('invoice_payments') }} as source_rows
cross join
    lateral jsonb_to_record(source_rows.doc) as parsed (
        id text,
        invoice jsonb,
        payment jsonb,
        status text,
        currency text,
        amount_paid jsonb,
        status_transitions jsonb,
        created jsonb
    )
left join currencies on upper(parsed.currency) = currencies.currency
where parsed.id is not null
