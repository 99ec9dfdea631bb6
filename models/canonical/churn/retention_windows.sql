with

totals as (

    select * from {{ ref('retention_totals') }}
    where opening_customers > 0

),

rates as (

    select * from {{ ref('exchange_rates') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

today as (

    select * from {{ ref('as_of') }}

),

windows as (

    select
        totals.*,
        months.period_start,
        {{ months_after('months.period_start', '1 - totals.window_months') }} as window_start
    from totals
    cross join clock
    cross join
        {{ periods_from(
            "'month'", 'totals.from_month',
            'coalesce(totals.to_month, clock.as_of_date + 1)'
        ) }} as months

),

-- One rate at both ends, that of the day before the window.
rated as (

    select
        windows.*,
        {{ multiplier('windows') }} as multiplier
    from windows
    left join rates
        on
            windows.currency <> windows.reporting_currency
            and windows.currency = rates.currency
            and windows.window_start - 1 = rates.rate_date

),

converted as (

    select
        period_start,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        window_months,
        window_start,
        sum(opening_customers)::bigint as opening_customers,
        sum(retained_customers)::bigint as retained_customers,
        {{ in_one_currency('sum(opening_mrr * multiplier)') }} as opening_mrr,
        {{ in_one_currency('sum(retained_mrr * multiplier)') }} as retained_mrr,
        {{ in_one_currency('sum(closing_mrr * multiplier)') }} as closing_mrr
    from rated
    group by
        period_start,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        window_months,
        window_start

)

-- one row per last month and length of a window, dimension, value and reporting currency with a
-- customer who paid when the window began
select
    'month' as grain,
    converted.period_start,
    {{ next_period_start("'month'", 'converted.period_start') }} as period_end,
    {{ next_period_start("'month'", 'converted.period_start') }} <= today.as_of_date
        as is_complete,
    converted.billing_source,
    converted.tenant_id,
    converted.dimension,
    converted.dimension_value,
    converted.reporting_currency,
    converted.window_months,
    converted.window_start,
    converted.opening_customers,
    converted.retained_customers,
    {{ ratio('converted.retained_customers::numeric', 'converted.opening_customers') }}
        as customer_retention,
    converted.opening_mrr::{{ reporting_money() }} as opening_mrr,
    converted.retained_mrr::{{ reporting_money() }} as retained_mrr,
    converted.closing_mrr::{{ reporting_money() }} as closing_mrr,
    {{ ratio('converted.closing_mrr', 'converted.opening_mrr') }} as nrr,
    {{ ratio('converted.retained_mrr', 'converted.opening_mrr') }} as grr
from converted
cross join today
