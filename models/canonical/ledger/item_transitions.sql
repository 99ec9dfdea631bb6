with

items as (

    select
        *,
        lag(to_window) over item = from_window as continues,
        (lead(from_window) over item is not distinct from to_window) as is_continued,
        lag(plan) over item as old_plan,
        lag(product) over item as old_product,
        lag(currency) over item as old_currency,
        lag(country) over item as old_country,
        lag(billing_interval) over item as old_billing_interval,
        lag(quantity) over item as old_quantity,
        lag(list_mrr) over item as old_list_mrr,
        lag(mrr) over item as old_mrr,
        lag(is_paused) over item as was_paused
    from {{ ref('item_mrr') }}
    window item as (
        partition by billing_source, tenant_id, customer_id, item_id
        order by from_window
    )

)

-- one row per item and netting window in which it changed: what it was at the end of the window
-- before (null when it begins) and what it is at the end of this one (null when it ends)
select
    billing_source,
    tenant_id,
    customer_id,
    subscription_id,
    item_id,
    from_window as movement_window,
    changed_at,
    recorded_at,
    source_row,
    is_usage,
    case when continues then old_plan end as old_plan,
    case when continues then old_product end as old_product,
    case when continues then old_currency end as old_currency,
    case when continues then old_country end as old_country,
    case when continues then old_billing_interval end as old_billing_interval,
    case when continues then old_quantity end as old_quantity,
    case when continues then old_list_mrr end as old_list_mrr,
    case when continues then old_mrr end as old_mrr,
    case when continues then was_paused end as was_paused,
    plan,
    product,
    currency,
    country,
    billing_interval,
    quantity,
    list_mrr,
    mrr,
    is_paused,
    null::boolean as is_voluntary
from items

union all

select
    billing_source,
    tenant_id,
    customer_id,
    subscription_id,
    item_id,
    to_window as movement_window,
    ended_at as changed_at,
    recorded_at,
    source_row,
    is_usage,
    plan as old_plan,
    product as old_product,
    currency as old_currency,
    country as old_country,
    billing_interval as old_billing_interval,
    quantity as old_quantity,
    list_mrr as old_list_mrr,
    mrr as old_mrr,
    is_paused as was_paused,
    null as plan,
    null as product,
    null as currency,
    null as country,
    null as billing_interval,
    null as quantity,
    null as list_mrr,
    null as mrr,
    null as is_paused,
    is_voluntary
from items
where to_window is not null and not is_continued
