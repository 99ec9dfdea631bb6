with

windows as (

    select * from {{ ref('retention_windows') }}

)

-- one row per last month and length of a window, dimension, value and reporting currency with a
-- customer who paid when the window began
select
    grain,
    period_start,
    period_end,
    is_complete,
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency,
    window_months,
    window_start,
    opening_customers,
    retained_customers,
    customer_retention::numeric(28, 10) as customer_retention,
    opening_mrr::{{ reporting_money() }} as opening_mrr,
    retained_mrr::{{ reporting_money() }} as retained_mrr,
    closing_mrr::{{ reporting_money() }} as closing_mrr,
    nrr::numeric(28, 10) as nrr,
    grr::numeric(28, 10) as grr,
    '{{ definitions_hash() }}'::text as definitions_hash
from windows
