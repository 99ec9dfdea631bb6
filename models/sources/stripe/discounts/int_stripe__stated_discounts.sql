{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

told as (

    select * from {{ ref('int_stripe__given_discounts') }}

),

landed_coupons as (

    select * from {{ ref('stg_stripe__coupons') }}

),

given_coupons as (

    select * from {{ ref('int_stripe__given_coupons') }}

),

both_kinds as (

    select
        tenant_id,
        coupon_id,
        duration,
        months,
        rate,
        amount,
        currency,
        products,
        1 as preference
    from landed_coupons

    union all

    select
        tenant_id,
        coupon_id,
        duration,
        months,
        rate,
        amount,
        currency,
        products,
        2 as preference
    from given_coupons

),

-- A coupon that has not landed, or was deleted, is known where another discount has embedded it.
coupons as (

    select distinct on (tenant_id, coupon_id) *
    from both_kinds
    order by tenant_id, coupon_id, preference, rate, amount, currency, products

)

-- one row per discount of which more than the id is told, with the terms of its coupon
select
    told.tenant_id,
    told.discount_id,
    coalesce(told.duration, coupons.duration) as duration,
    coalesce(told.rate, coupons.rate) as rate,
    coalesce(told.amount, coupons.amount) as amount,
    coalesce(told.currency, coupons.currency) as currency,
    coalesce(
        told.ends_at,
        case
            when coalesce(told.duration, coupons.duration) = 'repeating'
                then
                    told.starts_at
                    + coalesce(told.months, coupons.months)::integer * interval '1 month'
        end
    ) as ends_at,
    coalesce(told.products, coupons.products) as products
from told
left join coupons on told.tenant_id = coupons.tenant_id and told.coupon_id = coupons.coupon_id
