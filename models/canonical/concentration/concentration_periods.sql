with

periods as (

    select * from {{ ref('dimension_periods') }}
    where
        grain in ('month', 'quarter', 'year')
        and customers > 0
        and reporting_currency <> 'any'

),

months as (

    select * from {{ ref('concentration_months') }}

),

clock as (

    select * from {{ ref('as_of') }}

)

-- one row per month, quarter or year, slice and reporting currency with MRR at its end
select
    periods.grain,
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    periods.billing_source,
    periods.tenant_id,
    periods.dimension,
    periods.dimension_value,
    periods.reporting_currency,
    periods.customers,
    periods.closing_mrr as mrr,
    months.top_1_mrr,
    months.top_5_mrr,
    months.top_10_mrr,
    {{ ratio('months.sum_of_squares', '(periods.closing_mrr * periods.closing_mrr)') }}
    ::numeric(28, 10) as hhi
from periods
cross join clock
inner join months
    on
        periods.billing_source = months.billing_source
        and periods.tenant_id = months.tenant_id
        and periods.dimension = months.dimension
        and periods.dimension_value = months.dimension_value
        and periods.reporting_currency = months.reporting_currency
        and {{ period_start("'month'", 'least(periods.period_end - 1, clock.as_of_date)') }}
        = months.month_start
