{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

applied_coupons as (

    select * from {{ ref('stg_lago__applied_coupons') }}

),

uses as (

    select * from {{ ref('stg_lago__coupon_uses') }}

),

ended as (

    select
        applied_coupons.*,
        case
            -- It lowers one invoice; which one is known when it has been used.
            when applied_coupons.discount_kind = 'once'
                then greatest(applied_coupons.created_at, uses.covered_from)
            else applied_coupons.created_at
        end as valid_from,
        case
            when not applied_coupons.is_terminated then 'infinity'::timestamptz
            -- Used up: Lago ends it with the last invoice it lowers, the discount itself lasts
            -- as long as the service that this invoice billed.
            when
                applied_coupons.discount_kind = 'once'
                or (
                    applied_coupons.discount_kind = 'repeating'
                    and applied_coupons.remaining_count = 0
                )
                then greatest(applied_coupons.terminated_at, uses.covered_to)
            else applied_coupons.terminated_at
        end as valid_to
    from applied_coupons
    left join uses on applied_coupons.applied_coupon_id = uses.applied_coupon_id
    where applied_coupons.unusable_because is null

)

-- one row per applied coupon that ever lowered recurring fees, over [valid_from, valid_to)
select
    applied_coupon_id,
    customer_id,
    coupon_id,
    is_limited_to_plans,
    discount_kind,
    rate,
    amount,
    currency,
    valid_from,
    valid_to,
    -- the order in which Lago applies the coupons of one customer
    row_number() over (
        partition by customer_id
        order by is_limited_to_plans desc, created_at, applied_coupon_id
    ) as application_order
from ended
where valid_from < valid_to
