{{ config(
    enabled = 'stripe' in var('tidemill_billing_sources'),
    pre_hook = with_hash_joins()
) }}

with

discounts as (

    select * from {{ ref('int_stripe__discounts') }}

),

states as (

    select * from {{ ref('int_stripe__states') }}

),

listed as (

    select * from {{ ref('int_stripe__listed_discounts') }}
    where preference > 1

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

currencies as (

    select * from {{ ref('stripe_currencies') }}

),

billed as (

    select
        points.tenant_id,
        points.subscription_id,
        points.item_id,
        points.stated_from,
        points.last_stated_from,
        points.discount_amounts,
        prices.product_id,
        points.amount * coalesce(currencies.subunit_to_unit, 100)
        - {{ stripe_sum('points.discount_amounts') }} as left_over
    from {{ ref('int_stripe__invoiced_points') }} as points
    inner join prices on points.tenant_id = prices.tenant_id and points.price_id = prices.price_id
    left join currencies on points.currency = currencies.currency
    where not points.is_credit and not points.is_proration and points.amount > 0

),

lowered as (

    select distinct
        billed.tenant_id,
        billed.subscription_id,
        billed.item_id,
        billed.stated_from,
        billed.last_stated_from,
        billed.product_id,
        {{ stripe_id("given.value -> 'discount'") }} as discount_id
    from billed
    cross join
        lateral jsonb_array_elements({{ stripe_list('billed.discount_amounts') }}) as given (value)
    where {{ stripe_number("given.value -> 'amount'") }} > 0

),

-- A discount was in force when a line was billed that does not bear it: another line of the
-- subscription bears it, or the subscription lists it.
in_force as (

    select
        lowered.tenant_id,
        lowered.discount_id,
        billed.item_id,
        billed.stated_from,
        billed.product_id,
        billed.left_over
    from lowered
    inner join billed
        on
            lowered.tenant_id = billed.tenant_id
            and lowered.subscription_id = billed.subscription_id
            and lowered.product_id <> billed.product_id
            and lowered.stated_from <= billed.last_stated_from
            and lowered.last_stated_from >= billed.stated_from

    union distinct

    select
        listed.tenant_id,
        listed.discount_id,
        billed.item_id,
        billed.stated_from,
        billed.product_id,
        billed.left_over
    from listed
    inner join states
        on
            listed.tenant_id = states.tenant_id
            and listed.subscription_id = states.subscription_id
            and listed.state_number = states.state_number
    inner join billed
        on
            listed.tenant_id = billed.tenant_id
            and listed.item_id = billed.item_id
            and (
                (
                    states.valid_from <= billed.stated_from
                    and states.valid_to > billed.stated_from
                )
                or (
                    states.valid_from <= billed.last_stated_from
                    and states.valid_to > billed.last_stated_from
                )
            )

),

-- unless it comes to nothing
spared as (

    select distinct
        in_force.tenant_id,
        in_force.discount_id,
        in_force.product_id
    from in_force
    inner join discounts
        on
            in_force.tenant_id = discounts.tenant_id
            and in_force.discount_id = discounts.discount_id
    left join lowered
        on
            in_force.tenant_id = lowered.tenant_id
            and in_force.item_id = lowered.item_id
            and in_force.stated_from = lowered.stated_from
            and in_force.discount_id = lowered.discount_id
    where
        lowered.discount_id is null
        and in_force.product_id is not null
        and in_force.left_over * coalesce(discounts.rate, 0.01) >= 1
        and discounts.products is null
        and discounts.kind <> 'once'
        and coalesce(discounts.ends_at > in_force.stated_from, true)

)

-- one row per discount that is for some products only, and product of which that is known: whether
-- it lowers it, as its coupon tells, or as invoices show
select
    discounts.tenant_id,
    discounts.discount_id,
    named.product_id,
    true as is_lowered,
    true as is_told
from discounts
cross join lateral jsonb_array_elements_text(discounts.products) as named (product_id)

union all

select distinct
    lowered.tenant_id,
    lowered.discount_id,
    lowered.product_id,
    true as is_lowered,
    false as is_told
from lowered
inner join spared
    on lowered.tenant_id = spared.tenant_id and lowered.discount_id = spared.discount_id

union all

select
    spared.tenant_id,
    spared.discount_id,
    spared.product_id,
    false as is_lowered,
    false as is_told
from spared
left join lowered
    on
        spared.tenant_id = lowered.tenant_id
        and spared.discount_id = lowered.discount_id
        and spared.product_id = lowered.product_id
where lowered.discount_id is null
