with

committed_mrr as (

    select * from {{ ref('committed_mrr') }}

)

-- one row per horizon, slice and reporting currency with MRR now or then
select
    as_of_date,
    horizon_days,
    horizon_date,
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency,
    mrr,
    scheduled_increase,
    scheduled_decrease,
    scheduled_cancellations,
    committed_mrr,
    trial_mrr,
    '{{ definitions_hash() }}'::text as definitions_hash
from committed_mrr
