with

committed_mrr as (

    select * from {{ ref('committed_mrr') }}

),

clock as (

    select * from {{ ref('as_of') }}

)

-- one row per horizon, slice and reporting currency with MRR now or then
select
    clock.as_of_date,
    committed_mrr.horizon_days,
    clock.as_of_date + committed_mrr.horizon_days as horizon_date,
    committed_mrr.billing_source,
    committed_mrr.tenant_id,
    committed_mrr.dimension,
    committed_mrr.dimension_value,
    committed_mrr.reporting_currency,
    committed_mrr.mrr,
    committed_mrr.scheduled_increase,
    committed_mrr.scheduled_decrease,
    committed_mrr.scheduled_cancellations,
    committed_mrr.committed_mrr,
    committed_mrr.trial_mrr,
    '{{ definitions_hash() }}'::text as definitions_hash
from committed_mrr
cross join clock
