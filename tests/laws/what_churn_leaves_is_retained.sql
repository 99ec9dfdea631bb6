-- Law: over one month, gross churn and what is retained make up what was paid before it.
{{ config(
    enabled = var('tidemill_revenue_churn') == 'cohort_end_state'
        and var('tidemill_retention_level') == 'customer',
    meta = {'parts': [
        'billing_source', 'tenant_id', 'dimension', 'dimension_value', 'reporting_currency'
    ]}
) }}

with

windows as (

    select * from {{ ref('retention_windows') }}
    where window_months = 1

),

periods as (

    select * from {{ ref('churn_periods') }}
    where grain = 'month' and opening_customers > 0

)

select
    windows.period_start,
    windows.billing_source,
    windows.tenant_id,
    windows.dimension,
    windows.dimension_value,
    windows.reporting_currency
from windows
left join periods
    on
        windows.period_start = periods.period_start
        and windows.billing_source = periods.billing_source
        and windows.tenant_id = periods.tenant_id
        and windows.dimension = periods.dimension
        and windows.dimension_value = periods.dimension_value
        and windows.reporting_currency = periods.reporting_currency
where
    periods.opening_customers is distinct from windows.opening_customers
    or periods.opening_mrr is distinct from windows.opening_mrr
    or windows.retained_mrr + periods.gross_churned_mrr <> windows.opening_mrr
    or windows.closing_mrr + periods.churned_mrr + periods.contraction_mrr
    - periods.expansion_mrr <> windows.opening_mrr
