{{ config(meta = {'parts': ['grain', 'period_start']}) }}
-- Law: nobody leaves or stays who was not there, and nothing is lost or kept that was not paid.
-- Rolling 30 days alone may lose more customers than there were: some came within them.
with

churn as (

    select * from {{ ref('churn_periods') }}

),

retention as (

    select * from {{ ref('retention_windows') }}

)

select
    grain,
    period_start,
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency
from churn
where
    churned_customers < voluntary_customers + involuntary_customers
    {%- if option('churn_method') != 'rolling_30d' %}
    or churned_customers > logo_churn_denominator
    {%- endif %}
    {%- if option('revenue_churn') == 'cohort_end_state' %}
    or churned_mrr < voluntary_mrr + involuntary_mrr
    or gross_churned_mrr > opening_mrr
    or least(churned_mrr, contraction_mrr, expansion_mrr, reactivation_mrr) < 0
    {%- endif %}

union all

select
    grain,
    period_start,
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency
from retention
where
    retained_customers > opening_customers
    or retained_mrr < 0
    or retained_mrr > opening_mrr
    or retained_mrr > closing_mrr
    or (reporting_currency <> 'any' and grr is null)
