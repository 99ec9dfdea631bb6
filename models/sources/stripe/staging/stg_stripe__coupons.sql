{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

currencies as (

    select * from {{ ref('stripe_currencies') }}

)

-- one row per coupon; the classic engine lands none
select
    parsed.id as coupon_id,
    source_rows.tenant_id,
    parsed.duration,
    {{ stripe_number('parsed.duration_in_months') }} as months,
    {{ stripe_number('parsed.percent_off') }} / 100 as rate,
    {{ stripe_amount('parsed.amount_off') }} as amount,
    upper(parsed.currency) as currency,
    -- the only ones that it is for; lands where somebody has asked Stripe for it
    case
        when jsonb_typeof(parsed.applies_to -> 'products') = 'array'
            then parsed.applies_to -> 'products'
    end as products
from {{ stripe_rows('coupons') }} as source_rows
cross join
    lateral jsonb_to_record(source_rows.doc) as parsed (
        id text,
        duration text,
        duration_in_months jsonb,
        percent_off jsonb,
        amount_off jsonb,
        currency text,
        applies_to jsonb
    )
left join currencies on upper(parsed.currency) = currencies.currency
where parsed.id is not null
