with

transitions as (

    select
        *,
        {{ window_date('movement_window') }} as movement_date
    from {{ ref('item_transitions') }}

)

-- one row per subscription item and netting window in which it changed
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
    old_currency,
    currency,
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
