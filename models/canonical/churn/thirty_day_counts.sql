{{ config(materialized = 'view') }}

with

counts as (

    select * from {{ ref('customer_counts') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

-- A day lies in the thirty windows that end with it or one of the next 29 days.
windows as (

    select
        counts.*,
        window_ends.period_start as window_end,
        clock.as_of_date
    from counts
    cross join clock
    cross join
        {{ periods_from(
            "'day'", 'counts.movement_date',
            'least(counts.movement_date + 30, clock.as_of_date + 1)'
        ) }} as window_ends

),

of_periods as (

    select
        windows.*,
        grains.grain,
        {{ period_start('grains.grain', 'windows.window_end') }} as period_start
    from windows
    cross join grains
    where
        windows.window_end = windows.as_of_date
        or windows.window_end + 1 = {{ next_period_start(
            'grains.grain', period_start('grains.grain', 'windows.window_end')
        ) }}

)

-- one row per grain, period, slice and reporting currency with customers who came or went in the
-- 30 days that end with the period's last day, or with as_of while it runs
select
    grain,
    period_start,
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency,
    sum(new_customers + returned_customers)::bigint as gained_customers,
    sum(lost_customers)::bigint as churned_customers,
    sum(lost_voluntary)::bigint as voluntary_customers,
    sum(lost_involuntary)::bigint as involuntary_customers
from of_periods
group by
    grain,
    period_start,
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency
