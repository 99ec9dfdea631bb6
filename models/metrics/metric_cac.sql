{%- set margin = option('gross_margin') ~ '::numeric(28, 10)' -%}

with

periods as (

    select
        *,
        {{ ratio('spend', 'new_customers') }}::numeric(28, 10) as cac,
        {{ ratio('new_mrr', 'new_customers') }}::numeric(28, 10) as asp
    from {{ ref('cac_periods') }}

)

-- one row per month, quarter or year, tenant (or all) and reporting currency with new customers or
-- spend
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
    spend,
    new_customers,
    cac,
    new_mrr::{{ reporting_money() }} as new_mrr,
    asp,
    {{ margin }} as gross_margin,
    {{ ratio('cac', '(asp * ' ~ margin ~ ')') }}::numeric(28, 10) as payback_months,
    ltv,
    {{ ratio('ltv', 'cac') }}::numeric(28, 10) as ltv_to_cac,
    '{{ definitions_hash() }}'::text as definitions_hash
from periods
