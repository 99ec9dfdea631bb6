with

periods as (

    select * from {{ ref('churn_periods') }}

)

-- one row per grain, period, dimension, value and reporting currency with MRR or a movement
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
    opening_customers,
    churned_customers,
    voluntary_customers,
    involuntary_customers,
    logo_churn_denominator,
    logo_churn_rate::numeric(28, 10) as logo_churn_rate,
    opening_mrr::{{ reporting_money() }} as opening_mrr,
    churned_mrr::{{ reporting_money() }} as churned_mrr,
    contraction_mrr::{{ reporting_money() }} as contraction_mrr,
    expansion_mrr::{{ reporting_money() }} as expansion_mrr,
    reactivation_mrr::{{ reporting_money() }} as reactivation_mrr,
    voluntary_mrr::{{ reporting_money() }} as voluntary_mrr,
    involuntary_mrr::{{ reporting_money() }} as involuntary_mrr,
    gross_churned_mrr::{{ reporting_money() }} as gross_churned_mrr,
    net_churned_mrr::{{ reporting_money() }} as net_churned_mrr,
    churned_mrr_rate::numeric(28, 10) as churned_mrr_rate,
    gross_churn_rate::numeric(28, 10) as gross_churn_rate,
    net_churn_rate::numeric(28, 10) as net_churn_rate,
    '{{ definitions_hash() }}'::text as definitions_hash
from periods
