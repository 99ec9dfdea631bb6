{%- set discounts = {
    'none': '0',
    'forever': 'forever_discount',
    'recurring': 'forever_discount + repeating_discount',
    'all': 'forever_discount + repeating_discount + once_discount'
}[option('mrr_discounts')] -%}

with

items as (

    select
        *,
        {{ window_date('from_window') }} as from_date,
        {{ window_date('to_window') }} as to_date
    from {{ ref('item_mrr') }}

),

-- What was billed is not an item's own price: usage has none.
prices as (

    select
        *,
        {{ discounts }} as counted_discount
    from {{ ref('checked_intervals') }}
    where error is null

)

-- one row per subscription item and unbroken [from_date, to_date) of days at whose end it is worth
-- one amount a month
select
    items.billing_source,
    items.tenant_id,
    items.customer_id,
    items.subscription_id,
    items.item_id,
    items.from_date,
    items.to_date,
    items.plan,
    items.product,
    items.currency,
    items.country,
    items.billing_interval,
    items.quantity::numeric(28, 10) as quantity,
    prices.amount::numeric(28, 10) as amount,
    prices.period_unit,
    prices.period_count,
    prices.counted_discount::numeric(28, 10) as counted_discount,
    items.list_mrr,
    items.mrr,
    items.is_paused,
    items.is_usage,
    items.changed_at,
    items.ended_at,
    items.recorded_at,
    items.source_row,
    '{{ definitions_hash() }}'::text as definitions_hash
from items
left join prices
    on
        not items.is_usage
        and items.customer_id = prices.customer_id
        and items.item_id = prices.item_id
        and items.billing_source = prices.billing_source
        and items.tenant_id = prices.tenant_id
        and items.changed_at >= prices.valid_from
        and items.changed_at < coalesce(prices.valid_to, 'infinity')
