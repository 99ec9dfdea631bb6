with

items as (

    select
        *,
        lag(to_date) over item = from_date as continues,
        (lead(from_date) over item is not distinct from to_date) as is_continued,
        lag(plan) over item as old_plan,
        lag(product) over item as old_product,
        lag(currency) over item as old_currency,
        lag(country) over item as old_country,
        lag(billing_interval) over item as old_billing_interval,
        lag(quantity) over item as old_quantity,
        lag(list_mrr) over item as old_list_mrr,
        lag(mrr) over item as old_mrr
    from {{ ref('item_mrr') }}
    window item as (
        partition by billing_source, tenant_id, customer_id, item_id
        order by from_date
    )

)

-- one row per item and day on which it changed: what it was at the end of the day before (null
-- when it begins) and what it is at the end of the day (null when it ends)
select
    billing_source,
    tenant_id,
    customer_id,
    subscription_id,
    item_id,
    from_date as movement_date,
    changed_at,
    source_row,
    case when continues then old_plan end as old_plan,
    case when continues then old_product end as old_product,
    case when continues then old_currency end as old_currency,
    case when continues then old_country end as old_country,
    case when continues then old_billing_interval end as old_billing_interval,
    case when continues then old_quantity end as old_quantity,
    case when continues then old_list_mrr end as old_list_mrr,
    case when continues then old_mrr end as old_mrr,
    plan,
    product,
    currency,
    country,
    billing_interval,
    quantity,
    list_mrr,
    mrr
from items

union all

select
    billing_source,
    tenant_id,
    customer_id,
    subscription_id,
    item_id,
    to_date as movement_date,
    ended_at as changed_at,
    source_row,
    plan as old_plan,
    product as old_product,
    currency as old_currency,
    country as old_country,
    billing_interval as old_billing_interval,
    quantity as old_quantity,
    list_mrr as old_list_mrr,
    mrr as old_mrr,
    null as plan,
    null as product,
    null as currency,
    null as country,
    null as billing_interval,
    null as quantity,
    null as list_mrr,
    null as mrr
from items
where to_date is not null and not is_continued
