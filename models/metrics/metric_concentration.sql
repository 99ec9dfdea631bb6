with

periods as (

    select * from {{ ref('concentration_periods') }}

)

-- one row per month, quarter or year, slice and reporting currency with MRR at its end
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
    customers,
    mrr,
    top_1_mrr,
    top_5_mrr,
    top_10_mrr,
    {{ ratio('top_1_mrr', 'mrr') }}::numeric(28, 10) as top_1_share,
    {{ ratio('top_5_mrr', 'mrr') }}::numeric(28, 10) as top_5_share,
    {{ ratio('top_10_mrr', 'mrr') }}::numeric(28, 10) as top_10_share,
    hhi,
    '{{ definitions_hash() }}'::text as definitions_hash
from periods
