with

periods as (

    select * from {{ ref('customer_periods') }}

)

-- one row per grain, period, dimension and value with a paying customer or a change in the period
select
    grain,
    period_start,
    period_end,
    is_complete,
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    opening_customers,
    new_customers,
    returned_customers,
    lost_customers,
    customers,
    subscriptions,
    '{{ definitions_hash() }}'::text as definitions_hash
from periods
