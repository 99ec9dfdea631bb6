with

periods as (

    select * from {{ ref('usage_periods') }}

)

-- one row per grain, period, slice and reporting currency with billed usage
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
    usage_revenue,
    lines,
    '{{ definitions_hash() }}'::text as definitions_hash
from periods
