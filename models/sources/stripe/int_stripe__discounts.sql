{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

states as (

    select * from {{ ref('int_stripe__states') }}

),

landed as (

    select * from {{ ref('stg_stripe__subscription_states') }}

),

customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

coupons as (

    select * from {{ ref('stg_stripe__coupons') }}

),

currencies as (

    select * from {{ ref('stripe_currencies') }}

),

billed as (

    select
        *,
        -- what the discounts before it have left of the line
        line_amount - coalesce(
            sum(amount) over (
                partition by tenant_id, subscription_id, item_id, stated_from
                order by listed_at
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as discountable
    from {{ ref('int_stripe__billed_discounts') }}

),

observed as (

    select
        tenant_id,
        discount_id,
        min(subscription_id) as subscription_id,
        bool_or(is_followed) as is_followed,
        max(last_invoiced_at) as last_invoiced_at,
        (
            array_agg(
                amount / discountable
                order by stated_from desc
            ) filter (where discountable > 0)
        )[1] as rate,
        min(invoice_id) = max(invoice_id) and not bool_or(is_on_several_invoices)
            as is_on_one_invoice
    from billed
    where discount_id is not null
    group by tenant_id, discount_id

),

given as (

    select
        states.tenant_id,
        listed_discounts.value as discount
    from states
    cross join
        lateral jsonb_array_elements({{ stripe_list("states.state -> 'known_discounts'") }})
            as listed_discounts (value)

    union all

    select
        tenant_id,
        {{ stripe_discount('discount') }} as discount
    from customers
    where discount is not null

    union all

    select
        tenant_id,
        {{ stripe_discount('discount') }} as discount
    from billed
    where jsonb_typeof(discount) = 'object'

),

stated as (

    select
        given.tenant_id,
        parsed.id as discount_id,
        max(parsed.coupon) as coupon_id,
        max(parsed.duration) as duration,
        max({{ stripe_number('parsed.percent_off') }}) / 100 as rate,
        max({{ stripe_amount('parsed.amount_off') }}) as amount,
        max({{ stripe_instant('parsed.ends_at') }}) as ends_at
    from given
    cross join
        lateral jsonb_to_record(given.discount) as parsed (
            id text,
            coupon text,
            duration text,
            percent_off jsonb,
            amount_off jsonb,
            currency text,
            ends_at jsonb
        )
    left join currencies on upper(parsed.currency) = currencies.currency
    where parsed.id is not null
    group by given.tenant_id, parsed.id

),

listed as (

    select
        states.tenant_id,
        listed_ids.value #>> '{}' as discount_id,
        max(case when states.valid_to = 'infinity' then states.valid_to else states.valid_from end)
            as last_seen_at
    from states
    cross join
        lateral jsonb_array_elements(
            {{ stripe_list("states.state -> 'discounts'") }}
            || jsonb_path_query_array(states.state, 'lax $.items[*].discounts[*]')
        ) as listed_ids (value)
    group by states.tenant_id, discount_id

)

-- one row per discount: a coupon as given to a customer, a subscription or an item. Where only the
-- id of its coupon has landed, its share is what it took off a line, and it counts as given once
-- when one invoice has it, and the next has not or nothing lists it any more: Stripe takes it away
-- when it finalizes the invoice, an hour after making it at the latest
select
    coalesce(stated.tenant_id, observed.tenant_id) as tenant_id,
    coalesce(stated.discount_id, observed.discount_id) as discount_id,
    coalesce(
        stated.duration,
        coupons.duration,
        case
            when
                observed.is_on_one_invoice
                and (
                    listed.discount_id is null
                    or listed.last_seen_at < observed.last_invoiced_at + interval '1 day'
                )
                and (observed.is_followed or landed.state ? 'has_all_discounts')
                then 'once'
            else 'forever'
        end
    ) as kind,
    coalesce(
        stated.rate,
        coupons.rate,
        case when coalesce(stated.amount, coupons.amount) is null then observed.rate end
    ) as rate,
    coalesce(stated.amount, coupons.amount) as amount,
    stated.ends_at
from stated
full join observed
    on stated.tenant_id = observed.tenant_id and stated.discount_id = observed.discount_id
left join listed
    on observed.tenant_id = listed.tenant_id and observed.discount_id = listed.discount_id
left join landed
    on
        observed.tenant_id = landed.tenant_id
        and observed.subscription_id = landed.subscription_id
left join coupons
    on stated.tenant_id = coupons.tenant_id and stated.coupon_id = coupons.coupon_id
