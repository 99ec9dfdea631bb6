with

periods as (

    select *
    from {{ ref('dimension_periods') }}
    where reporting_currency <> 'any'

)

-- one row per grain, period, slice and reporting currency that had MRR or a movement in the period
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
    closing_mrr as mrr,
    customers,
    {{ ratio('closing_mrr', 'customers') }}::numeric(28, 10) as arpa,
    new_mrr,
    new_customers,
    {{ ratio('new_mrr', 'new_customers') }}::numeric(28, 10) as asp,
    '{{ definitions_hash() }}'::text as definitions_hash
from periods
