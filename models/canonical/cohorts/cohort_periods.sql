{%- set denominator = {
    'end_of_month': 'cohort_customers',
    'forced_100': 'first_customers'
}[option('cohort_month0')] -%}

with

cohorts as (

    select * from {{ ref('cohort_changes') }}

),

changes as (

    select * from {{ ref('cohort_changes') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

today as (

    select * from {{ ref('as_of') }}

),

-- A cohort begins with its first period, whether or not somebody pays in it already.
entries as (

    select
        grain,
        cohort_start,
        cohort_start as period_start,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        joined_customers,
        0 as customers,
        0 as mrr
    from cohorts

    union all

    select
        grain,
        cohort_start,
        period_start,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        0 as joined_customers,
        customers,
        mrr
    from changes

),

by_period as (

    select
        grain,
        cohort_start,
        period_start,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        sum(joined_customers) as joined_customers,
        sum(customers) as customers,
        sum(mrr) as mrr
    from entries
    group by
        grain,
        cohort_start,
        period_start,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency

),

balanced as (

    select
        grain,
        cohort_start,
        period_start,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        sum(joined_customers) over cohort_order as cohort_customers,
        sum(customers) over cohort_order as customers,
        sum(mrr) over cohort_order as mrr,
        lead(period_start) over cohort_order as next_change
    from by_period
    window cohort_order as (
        partition by
            grain, cohort_start, billing_source, tenant_id, dimension, dimension_value,
            reporting_currency
        order by period_start
    )

),

cells as (

    select
        balanced.*,
        cells.period_start as cell_start
    from balanced
    cross join clock
    cross join
        {{ periods_from(
            'balanced.grain', 'balanced.period_start',
            'coalesce(balanced.next_change, clock.as_of_date + 1)'
        ) }} as cells
    where balanced.cohort_customers > 0

),

numbered as (

    select
        grain,
        cohort_start,
        cell_start as period_start,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        cohort_customers,
        customers,
        {{ in_one_currency('mrr') }} as mrr,
        row_number() over cohort_order - 1 as period_number,
        first_value(customers) over cohort_order as first_customers,
        {{ in_one_currency('first_value(mrr) over cohort_order') }} as cohort_mrr,
        lag(customers) over cohort_order as previous_customers,
        {{ in_one_currency('lag(mrr) over cohort_order') }} as previous_mrr
    from cells
    window cohort_order as (
        partition by
            grain, cohort_start, billing_source, tenant_id, dimension, dimension_value,
            reporting_currency
        order by cell_start
    )

)

-- one row per cohort, dimension, value, reporting currency and period since it began
select
    numbered.grain,
    numbered.cohort_start,
    {{ next_period_start('numbered.grain', 'numbered.cohort_start') }} as cohort_end,
    numbered.period_number,
    numbered.period_start,
    {{ next_period_start('numbered.grain', 'numbered.period_start') }} as period_end,
    {{ next_period_start('numbered.grain', 'numbered.period_start') }} <= today.as_of_date
        as is_complete,
    numbered.billing_source,
    numbered.tenant_id,
    numbered.dimension,
    numbered.dimension_value,
    numbered.reporting_currency,
    numbered.cohort_customers::bigint as cohort_customers,
    numbered.customers::bigint as customers,
    ({{ denominator }})::bigint as denominator_customers,
    numbered.previous_customers::bigint as previous_customers,
    numbered.mrr::{{ reporting_money() }} as mrr,
    numbered.cohort_mrr::{{ reporting_money() }} as cohort_mrr,
    numbered.previous_mrr::{{ reporting_money() }} as previous_mrr,
    {{ ratio('numbered.customers', denominator) }} as customer_retention,
    {{ ratio('numbered.customers', 'numbered.previous_customers') }}
        as customer_retention_of_previous,
    {{ ratio('numbered.mrr', 'numbered.cohort_mrr') }} as mrr_retention,
    {{ ratio('numbered.mrr', 'numbered.previous_mrr') }} as mrr_retention_of_previous
from numbered
cross join today
