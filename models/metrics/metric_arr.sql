-- noqa: disable=LT02
with

periods as (

    select * from {{ ref('mrr_periods') }}
    where {{ is_of_everyone('tenant_id') }}

)

-- one row per grain, period and dimension tuple with MRR at the end of the period
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
    (closing_mrr * 12)::{{ reporting_money() }} as arr_run_rate,
    '{{ definitions_hash() }}'::text as definitions_hash
from periods
where
    native_mrr <> 0
    {%- if option('arr_scope') == 'annual_plans_only' %}
    and (billing_interval = 'year' or billing_interval like '% years')
    {% endif %}
