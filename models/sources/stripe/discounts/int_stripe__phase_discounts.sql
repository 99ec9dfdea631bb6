{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

phases as (

    select * from {{ ref('int_stripe__phases') }}

),

listed as (

    select
        phases.tenant_id,
        phases.schedule_id,
        phases.subscription_id,
        phases.state_number,
        phases.starts_at,
        null as price_id,
        given.value as discount,
        given.listed_at
    from phases
    cross join
        lateral jsonb_array_elements(phases.discounts)
        with ordinality as given (value, listed_at)

    union all

    select
        phases.tenant_id,
        phases.schedule_id,
        phases.subscription_id,
        phases.state_number,
        phases.starts_at,
        coalesce({{ stripe_id('planned_item.price') }}, {{ stripe_id('planned_item.plan') }})
            as price_id,
        given.value as discount,
        given.listed_at
    from phases
    cross join
        lateral jsonb_to_recordset(phases.items) as planned_item (
            price jsonb,
            plan jsonb,
            discounts jsonb
        )
    cross join
        lateral jsonb_array_elements({{ stripe_list('planned_item.discounts') }})
        with ordinality as given (value, listed_at)

)

-- one row per phase to come (and price, of a discount of one item) and discount in it: one that is
-- there already, or what a coupon will be then
select
    tenant_id,
    subscription_id,
    state_number,
    price_id,
    listed_at,
    coalesce(
        {{ stripe_id("discount -> 'discount'") }},
        concat_ws(
            ':', schedule_id, state_number, price_id, {{ stripe_id("discount -> 'coupon'") }}
        )
    ) as discount_id,
    case
        when {{ stripe_id("discount -> 'discount'") }} is null then discount -> 'coupon'
    end as coupon,
    starts_at
from listed
where
    coalesce(
        {{ stripe_id("discount -> 'discount'") }}, {{ stripe_id("discount -> 'coupon'") }}
    ) is not null
