{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

points as (

    select
        *,
        lead(stated_from) over (
            partition by tenant_id, subscription_id, item_id
            order by stated_from
        ) is not null as is_followed
    from {{ ref('int_stripe__invoiced_points') }}

),

currencies as (

    select * from {{ ref('stripe_currencies') }}

)

-- one row per run of invoiced periods of an item and discount on it, in the order in which they
-- apply; is_followed says whether the item was invoiced otherwise after it
select
    points.tenant_id,
    points.subscription_id,
    points.item_id,
    points.stated_from,
    points.is_followed,
    points.invoice_id,
    points.last_invoiced_at,
    points.is_on_several_invoices,
    points.is_credit,
    points.amount as line_amount,
    points.currency,
    given.listed_at,
    given.value -> 'discount' as discount,
    {{ stripe_id("given.value -> 'discount'") }} as discount_id,
    {{ stripe_amount("given.value -> 'amount'") }} as amount
from points
cross join
    lateral jsonb_array_elements({{ stripe_list('points.discount_amounts') }})
    with ordinality as given (value, listed_at)
left join currencies on points.currency = currencies.currency
where points.discount_amounts is not null
