{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

coupon_targets as (

    select
        coupon_id,
        plan_id,
        deleted_at
    from {{ source('lago', 'coupon_targets') }}

)

-- one row per coupon and plan it is limited to
select distinct
    coupon_id,
    plan_id
from coupon_targets
where deleted_at is null and plan_id is not null
