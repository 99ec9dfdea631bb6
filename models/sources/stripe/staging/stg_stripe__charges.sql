{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

currencies as (

    select * from {{ ref('stripe_currencies') }}

)

-- one row per charge, whatever its status; amounts in major units
select
    parsed.id as charge_id,
    source_rows.tenant_id,
    {{ stripe_id('parsed.invoice') }} as invoice_id,
    {{ stripe_id('parsed.payment_intent') }} as payment_intent_id,
    {{ stripe_id('parsed.customer') }} as customer_id,
    parsed.status,
    upper(parsed.currency) as currency,
    {{ stripe_amount('parsed.amount') }} as amount,
    {{ stripe_amount('parsed.amount_refunded') }} as amount_refunded,
    {{ stripe_instant('parsed.created') }} as created_at
from {{ stripe_rows('charges') }} as source_rows
cross join
    lateral jsonb_to_record(source_rows.doc) as parsed (
        id text,
        invoice jsonb,
        payment_intent jsonb,
        customer jsonb,
        status text,
        currency text,
        amount jsonb,
        amount_refunded jsonb,
        created jsonb
    )
left join currencies on upper(parsed.currency) = currencies.currency
where parsed.id is not null
