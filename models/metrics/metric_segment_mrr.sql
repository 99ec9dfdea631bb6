-- noqa: disable=LT02
with

periods as (

    select * from {{ ref('mrr_periods') }}
    where not {{ is_of_everyone('tenant_id') }}

)

-- one row per segment, grain, period and dimension tuple that had MRR or a movement in the period
select
    grain,
    period_start,
    period_end,
    is_complete,
    billing_source,
    {{ tenant_of_group('tenant_id') }} as tenant_id,
    {{ segment_of_group('tenant_id') }} as segment,
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
    native_mrr,
    {% if option('arr_scope') == 'annual_plans_only' -%}
    case
        when billing_interval = 'year' or billing_interval like '% years' then closing_mrr * 12
        else 0
    end
    {%- else -%}
    (closing_mrr * 12)
    {%- endif %}::{{ reporting_money() }} as arr_run_rate,
    '{{ definitions_hash() }}'::text as definitions_hash
from periods
