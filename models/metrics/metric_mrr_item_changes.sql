with

transitions as (

    select
        *,
        {{ window_date('movement_window') }} as movement_date
    from {{ ref('item_transitions') }}

)

-- one row per subscription item and netting window in which something of it changed
select
    billing_source,
    tenant_id,
    customer_id,
    subscription_id,
    item_id,
    movement_date,
    changed_at,
    old_plan,
    plan,
    old_product,
    product,
    old_currency,
    currency,
    old_country,
    country,
    old_billing_interval,
    billing_interval,
    old_quantity::numeric(28, 10) as old_quantity,
    quantity::numeric(28, 10) as quantity,
    old_list_mrr::numeric(28, 10) as old_list_mrr,
    list_mrr::numeric(28, 10) as list_mrr,
    old_mrr::numeric(28, 10) as old_mrr,
    mrr::numeric(28, 10) as mrr,
    was_paused,
    is_paused,
    is_usage,
    is_voluntary,
    recorded_at,
    source_row,
    '{{ definitions_hash() }}'::text as definitions_hash
from transitions
where
    old_plan is distinct from plan
    or old_product is distinct from product
    or old_currency is distinct from currency
    or old_country is distinct from country
    or old_billing_interval is distinct from billing_interval
    or old_quantity is distinct from quantity
    or old_list_mrr is distinct from list_mrr
    or old_mrr is distinct from mrr
    or was_paused is distinct from is_paused
