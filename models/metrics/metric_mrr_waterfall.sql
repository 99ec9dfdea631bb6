with

periods as (

    select * from {{ ref('mrr_periods') }}
    where {{ is_of_everyone('tenant_id') }}

)

-- one row per grain, period and dimension tuple that had MRR or a movement in the period
select
    grain,
    period_start,
    period_end,
    is_complete,
    billing_source,
    tenant_id,
    plan,
    product,
    currency,
    country,
    billing_interval,
    reporting_currency,
    opening_mrr,
    new_mrr,
    expansion_mrr,
    contraction_mrr,
    churn_mrr,
    reactivation_mrr,
    discount_mrr,
    transfer_mrr,
    fx_mrr,
    closing_mrr,
    (
        new_mrr + expansion_mrr - contraction_mrr - churn_mrr + reactivation_mrr + discount_mrr
    )::{{ reporting_money() }} as net_new_mrr,
    '{{ definitions_hash() }}'::text as definitions_hash
from periods
