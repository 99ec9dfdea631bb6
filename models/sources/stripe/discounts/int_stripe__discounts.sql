{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

states as (

    select * from {{ ref('int_stripe__states') }}

),

landed as (

    select * from {{ ref('stg_stripe__subscription_states') }}

),

currencies as (

    select * from {{ ref('stripe_currencies') }}

),

billed as (

    select
        billed_discounts.*,
        1 / coalesce(currencies.subunit_to_unit, 100)::numeric as unit,
        -- what the discounts before it have left of the line
        billed_discounts.line_amount - coalesce(
            sum(billed_discounts.amount) over (
                partition by
                    billed_discounts.tenant_id,
                    billed_discounts.subscription_id,
                    billed_discounts.item_id,
                    billed_discounts.stated_from
                order by billed_discounts.listed_at
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as discountable
    from {{ ref('int_stripe__billed_discounts') }} as billed_discounts
    left join currencies on billed_discounts.currency = currencies.currency

),

-- A coupon has a percentage, most often a whole one: what comes to one but for rounding is one.
shares as (

    select
        *,
        case
            when
                abs(round(amount / nullif(discountable, 0), 2) * discountable - amount) <= unit / 2
                then round(amount / discountable, 2)
            when
                abs(round(amount / nullif(discountable, 0), 4) * discountable - amount) <= unit / 2
                then round(amount / discountable, 4)
            else amount / nullif(discountable, 0)
        end as taken_share
    from billed

),

observed as (

    select
        tenant_id,
        discount_id,
        min(subscription_id) as subscription_id,
        bool_or(is_followed) as is_followed,
        min(currency) as currency,
        max(last_invoiced_at) as last_invoiced_at,
        (
            array_agg(
                taken_share
                order by stated_from desc
            ) filter (where discountable > 0)
        )[1] as rate,
        min(invoice_id) = max(invoice_id) and not bool_or(is_on_several_invoices)
            as is_on_one_invoice
    from shares
    where discount_id is not null
    group by tenant_id, discount_id

),

-- An amount is one of the coupon's own currency.
stated as (

    select
        stated_discounts.tenant_id,
        stated_discounts.discount_id,
        stated_discounts.duration,
        stated_discounts.rate,
        case
            when coalesce(stated_discounts.currency = observed.currency, true)
                then stated_discounts.amount
        end as amount,
        stated_discounts.ends_at,
        stated_discounts.products
    from {{ ref('int_stripe__stated_discounts') }} as stated_discounts
    left join observed
        on
            stated_discounts.tenant_id = observed.tenant_id
            and stated_discounts.discount_id = observed.discount_id

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
        -- nothing, as long as nothing tells what it takes
        case when stated.amount is null then coalesce(observed.rate, 0) end
    ) as rate,
    stated.amount,
    stated.ends_at,
    stated.products
from stated
full join observed
    on stated.tenant_id = observed.tenant_id and stated.discount_id = observed.discount_id
left join listed
    on observed.tenant_id = listed.tenant_id and observed.discount_id = listed.discount_id
left join landed
    on
        observed.tenant_id = landed.tenant_id
        and observed.subscription_id = landed.subscription_id
