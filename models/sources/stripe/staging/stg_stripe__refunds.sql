{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

currencies as (

    select * from {{ ref('stripe_currencies') }}

)

-- one row per refund, whatever its status; amounts in major units
select
    parsed.id as refund_id,
    source_rows.tenant_id,
    {{ stripe_id('parsed.charge') }} as charge_id,
    {{ stripe_id('parsed.payment_intent') }} as payment_intent_id,
    parsed.status,
    upper(parsed.currency) as currency,
    {{ stripe_amount('parsed.amount') }} as amount,
    {{ stripe_instant('parsed.created') }} as created_at
from {{ stripe_rows('refunds') }} as source_rows
cross join
    lateral jsonb_to_record(source_rows.doc) as parsed (
        id text,
        charge jsonb,
        payment_intent jsonb,
        status text,
        currency text,
        amount jsonb,
        created jsonb
    )
left join currencies on upper(parsed.currency) = currencies.currency
where parsed.id is not null
