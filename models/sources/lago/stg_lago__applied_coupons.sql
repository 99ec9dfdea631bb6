{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

applied_coupons as (

    select
        id,
        coupon_id,
        customer_id,
        status,
        amount_cents,
        amount_currency,
        percentage_rate,
        frequency,
        frequency_duration_remaining,
        created_at,
        terminated_at
    from {{ source('lago', 'applied_coupons') }}

),

coupons as (

    select
        id,
        coupon_type,
        limited_plans,
        limited_billable_metrics
    from {{ source('lago', 'coupons') }}

),

currencies as (

    select * from {{ ref('lago_currencies') }}

)

-- one row per coupon applied to a customer; coupons for usage alone do not touch recurring fees
select
    applied_coupons.id as applied_coupon_id,
    applied_coupons.customer_id,
    applied_coupons.coupon_id,
    coalesce(coupons.limited_plans, false) as is_limited_to_plans,
    case applied_coupons.frequency
        when 0 then 'once'
        when 1 then 'repeating'
        else 'forever'
    end as discount_kind,
    case when coupons.coupon_type = 1 then applied_coupons.percentage_rate / 100 end as rate,
    case
        when coupons.coupon_type = 0
            then applied_coupons.amount_cents / coalesce(currencies.subunit_to_unit, 100)::numeric
    end as amount,
    applied_coupons.amount_currency as currency,
    applied_coupons.status = 1 as is_terminated,
    applied_coupons.frequency_duration_remaining as remaining_count,
    applied_coupons.created_at at time zone 'UTC' as created_at,
    applied_coupons.terminated_at at time zone 'UTC' as terminated_at,
    case
        when coupons.id is null then 'coupon_missing'
        when
            coalesce(applied_coupons.frequency not between 0 and 2, true)
            or coalesce(coupons.coupon_type not between 0 and 1, true)
            or case coupons.coupon_type
                when 0 then applied_coupons.amount_cents
                else applied_coupons.percentage_rate
            end is null
            then 'unknown_coupon_terms'
    end as unusable_because,
    {{ run_instant() }} as observed_at
from applied_coupons
left join coupons on applied_coupons.coupon_id = coupons.id
left join currencies on applied_coupons.amount_currency = currencies.currency
where coupons.limited_billable_metrics is not true
