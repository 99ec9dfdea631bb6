with

plans as (

    select * from {{ ref('dimension_periods') }}
    where dimension = 'plan' and customers > 0

),

totals as (

    select * from {{ ref('dimension_periods') }}
    where dimension = 'total'

)

-- one row per grain, period, plan and reporting currency with MRR at the end of the period
select
    plans.grain,
    plans.period_start,
    plans.period_end,
    plans.is_complete,
    plans.billing_source,
    plans.tenant_id,
    plans.dimension_value as plan,
    plans.reporting_currency,
    plans.closing_mrr as mrr,
    totals.closing_mrr as total_mrr,
    {{ ratio('plans.closing_mrr', 'totals.closing_mrr') }}::numeric(28, 10) as mrr_share,
    plans.customers,
    totals.customers as total_customers,
    {{ ratio('plans.customers::numeric', 'totals.customers') }}::numeric(28, 10) as customer_share,
    '{{ definitions_hash() }}'::text as definitions_hash
from plans
inner join totals
    on
        plans.grain = totals.grain
        and plans.period_start = totals.period_start
        and plans.billing_source = totals.billing_source
        and plans.tenant_id = totals.tenant_id
        and plans.reporting_currency = totals.reporting_currency
