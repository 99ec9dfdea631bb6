with

cohorts as (

    select * from {{ ref('ltv_cohort_periods') }}

)

-- one row per month cohort, dimension, value, reporting currency and month since it began
select
    grain,
    cohort_start,
    cohort_end,
    period_number,
    period_start,
    period_end,
    is_complete,
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency,
    cohort_customers,
    cumulative_mrr::{{ reporting_money() }} as cumulative_mrr,
    cumulative_cash::{{ reporting_money() }} as cumulative_cash,
    mrr_per_customer::numeric(28, 10) as mrr_per_customer,
    cash_per_customer::numeric(28, 10) as cash_per_customer,
    '{{ definitions_hash() }}'::text as definitions_hash
from cohorts
