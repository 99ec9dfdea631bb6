with

movements as (

    select * from {{ ref('mrr_movements') }}

)

-- one row per customer, day, dimension tuple, movement type and reason
select
    billing_source || ':' || tenant_id || ':' || customer_id || ':' || movement_date || ':'
    || sequence as movement_id,
    billing_source,
    tenant_id,
    customer_id,
    level_id,
    movement_date,
    movement_at,
    sequence,
    movement_type,
    reason,
    plan,
    product,
    currency,
    country,
    billing_interval,
    amount,
    mrr_before,
    mrr_after,
    reporting_currency,
    fx_rate,
    reporting_amount,
    is_voluntary,
    recorded_at,
    subscription_ids,
    source_rows,
    '{{ definitions_hash() }}'::text as definitions_hash
from movements
