{{ config(materialized = 'view') }}

-- one row per customer and [from_date, to_date) of days at whose end it pays nothing any more, and
-- stays with something free
select
    billing_source,
    tenant_id,
    customer_id,
    movement_date as from_date,
    next_date as to_date
from {{ ref('paying_states') }}
where is_kept and (next_date is null or movement_date < next_date)
