with

periods as (

    select * from {{ ref('ltv_periods') }}

)

-- one row per month, slice and reporting currency that had MRR or a movement in the month
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
    arpa,
    gross_margin,
    churn_rate,
    months_counted,
    ltv,
    '{{ definitions_hash() }}'::text as definitions_hash
from periods
