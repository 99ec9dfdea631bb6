with

movements as (

    select * from {{ ref('group_movements') }}

)

-- one row per day, dimension tuple, movement type and reason with a movement
select
    billing_source,
    tenant_id,
    plan,
    product,
    currency,
    country,
    billing_interval,
    reporting_currency,
    movement_date,
    movement_type,
    reason,
    count(*) as movements,
    sum(amount)::numeric(28, 10) as amount,
    sum(reporting_amount)::{{ reporting_money() }} as reporting_amount
from movements
group by
    billing_source,
    tenant_id,
    plan,
    product,
    currency,
    country,
    billing_interval,
    reporting_currency,
    movement_date,
    movement_type,
    reason
