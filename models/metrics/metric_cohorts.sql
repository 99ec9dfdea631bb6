with

cohorts as (

    select * from {{ ref('cohort_periods') }}

)

-- one row per cohort, dimension, value, reporting currency and period since it began
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
    customers,
    denominator_customers,
    previous_customers,
    mrr::{{ reporting_money() }} as mrr,
    cohort_mrr::{{ reporting_money() }} as cohort_mrr,
    previous_mrr::{{ reporting_money() }} as previous_mrr,
    customer_retention::numeric(28, 10) as customer_retention,
    customer_retention_of_previous::numeric(28, 10) as customer_retention_of_previous,
    mrr_retention::numeric(28, 10) as mrr_retention,
    mrr_retention_of_previous::numeric(28, 10) as mrr_retention_of_previous,
    '{{ definitions_hash() }}'::text as definitions_hash
from cohorts
where grain in ({{ option_list('cohort_grains') }})
