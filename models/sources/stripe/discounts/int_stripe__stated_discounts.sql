{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

states as (

    select * from {{ ref('int_stripe__states') }}

),

customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

landed_coupons as (

    select * from {{ ref('stg_stripe__coupons') }}

),

currencies as (

    select * from {{ ref('stripe_currencies') }}

),

billed as (

    select * from {{ ref('int_stripe__billed_discounts') }}

),

phase_discounts as (

    select * from {{ ref('int_stripe__phase_discounts') }}

),

given as (

    select
        states.tenant_id,
        listed_discounts.value as discount,
        null::timestamptz as starts_at
    from states
    cross join
        lateral jsonb_array_elements({{ stripe_list("states.state -> 'known_discounts'") }})
            as listed_discounts (value)

    union all

    select
        tenant_id,
        {{ stripe_discount('discount') }} as discount,
        null as starts_at
    from customers
    where discount is not null

    union all

    select
        tenant_id,
        {{ stripe_discount('discount') }} as discount,
        null as starts_at
    from billed
    where jsonb_typeof(discount) = 'object'

    union all

    select
        phase_discounts.tenant_id,
        {{ stripe_discount('planned.discount') }} as discount,
        phase_discounts.starts_at
    from phase_discounts
    cross join
        lateral jsonb_build_object(
            'id', phase_discounts.discount_id, 'coupon', phase_discounts.coupon
        ) as planned (discount)
    where phase_discounts.coupon is not null

),

told as (

    select
        given.tenant_id,
        parsed.id as discount_id,
        max(parsed.coupon) as coupon_id,
        max(parsed.duration) as duration,
        max({{ stripe_number('parsed.duration_in_months') }}) as months,
        max({{ stripe_number('parsed.percent_off') }}) / 100 as rate,
        max({{ stripe_amount('parsed.amount_off') }}) as amount,
        max(upper(parsed.currency)) as currency,
        max({{ stripe_instant('parsed.ends_at') }}) as ends_at,
        max(given.starts_at) as starts_at,
        (
            array_agg(parsed.products) filter (where jsonb_typeof(parsed.products) = 'array')
        )[1] as products
    from given
    cross join
        lateral jsonb_to_record(given.discount) as parsed (
            id text,
            coupon text,
            duration text,
            duration_in_months jsonb,
            percent_off jsonb,
            amount_off jsonb,
            currency text,
            ends_at jsonb,
            products jsonb
        )
    left join currencies on upper(parsed.currency) = currencies.currency
    where parsed.id is not null
    group by given.tenant_id, parsed.id

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
    from told
    where coupon_id is not null and duration is not null

),

-- A coupon that has not landed, or was deleted, is known where another discount has embedded it.
coupons as (

    select distinct on (tenant_id, coupon_id) *
    from both_kinds
    order by tenant_id, coupon_id, preference, rate, amount

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
