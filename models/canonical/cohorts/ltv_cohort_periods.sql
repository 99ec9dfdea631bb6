with

cohorts as (

    select * from {{ ref('cohort_periods') }}
    where grain = 'month' and reporting_currency <> 'any'

),

cash as (

    select * from {{ ref('cohort_cash') }}

),

so_far as (

    select
        cohorts.*,
        sum(cohorts.mrr) over cohort_order as cumulative_mrr,
        sum(coalesce(cash.cash, 0)) over cohort_order as cumulative_cash
    from cohorts
    left join cash
        on
            cohorts.cohort_start = cash.cohort_start
            and cohorts.period_start = cash.period_start
            and cohorts.billing_source = cash.billing_source
            and cohorts.tenant_id = cash.tenant_id
            and cohorts.dimension = cash.dimension
            and cohorts.dimension_value = cash.dimension_value
            and cohorts.reporting_currency = cash.reporting_currency
    window cohort_order as (
        partition by
            cohorts.cohort_start, cohorts.billing_source, cohorts.tenant_id, cohorts.dimension,
            cohorts.dimension_value, cohorts.reporting_currency
        order by cohorts.period_start
    )

)

-- one row per month cohort, dimension, value, reporting currency and month since it began
select
    grain,
    cohort_start,
    cohort_end,
    period_number,
    period_start,
    period_end,
    is_complete,
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency,
    cohort_customers,
    cumulative_mrr::{{ reporting_money() }} as cumulative_mrr,
    cumulative_cash::{{ reporting_money() }} as cumulative_cash,
    {{ ratio('cumulative_mrr', 'cohort_customers') }} as mrr_per_customer,
    {{ ratio('cumulative_cash', 'cohort_customers') }} as cash_per_customer
from so_far
