{%- set gained = 'new_mrr + expansion_mrr' -%}
{%- if option('quick_ratio_reactivation') == 'true' -%}
    {%- set gained = gained ~ ' + reactivation_mrr' -%}
{%- endif -%}

with

-- A discount of a type of its own gains or loses like any other change.
periods as (

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
        new_mrr,
        expansion_mrr + discount_gained_mrr as expansion_mrr,
        reactivation_mrr,
        contraction_mrr + discount_gained_mrr - discount_mrr as contraction_mrr,
        churn_mrr
    from {{ ref('dimension_periods') }}
    where reporting_currency <> 'any'

),

sums as (

    select
        *,
        {{ gained }} as gained_mrr,
        churn_mrr + contraction_mrr as lost_mrr
    from periods

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
    new_mrr,
    expansion_mrr::{{ reporting_money() }} as expansion_mrr,
    reactivation_mrr,
    contraction_mrr::{{ reporting_money() }} as contraction_mrr,
    churn_mrr,
    gained_mrr::{{ reporting_money() }} as gained_mrr,
    lost_mrr::{{ reporting_money() }} as lost_mrr,
    {{ ratio('gained_mrr', 'lost_mrr') }}::numeric(28, 10) as quick_ratio,
    '{{ definitions_hash() }}'::text as definitions_hash
from sums
