{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

states as (

    select * from {{ ref('int_stripe__states') }}

),

customers as (

    select * from {{ ref('stg_stripe__customers') }}

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

)

-- one row per discount of which more than the id is told, with what is told of it
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
