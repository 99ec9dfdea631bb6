{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

given as (

    select
        tenant_id,
        coupon_id,
        duration,
        months,
        rate,
        amount,
        currency,
        products
    from {{ ref('int_stripe__given_discounts') }}
    where coupon_id is not null and duration is not null

)

-- one row per coupon and terms of it that a discount embeds, known by all of them together
select distinct
    tenant_id,
    coupon_id,
    jsonb_build_array(duration, months, rate, amount, currency, products) as terms,
    duration,
    months,
    rate,
    amount,
    currency,
    products
from given
