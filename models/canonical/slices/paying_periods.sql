with

changes as (

    select * from {{ ref('paying_changes') }}

),

counts as (

    select * from {{ ref('customer_counts') }}

),

rates as (

    select * from {{ ref('exchange_rates') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

-- Money per currency; the heads stand beside the money that needs no conversion.
daily as (

    select
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        currency,
        movement_date,
        0 as arrivals,
        0 as departures,
        change
    from changes

    union all

    select
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        reporting_currency as currency,
        movement_date,
        new_customers + returned_customers as arrivals,
        lost_customers as departures,
        0 as change
    from counts

),

by_period as (

    select
        grains.grain,
        {{ period_start('grains.grain', 'daily.movement_date') }} as period_start,
        daily.billing_source,
        daily.tenant_id,
        daily.dimension,
        daily.dimension_value,
        daily.reporting_currency,
        daily.currency,
        sum(daily.arrivals) as arrivals,
        sum(daily.departures) as departures,
        sum(daily.change) as change
    from daily
    cross join grains
    group by
        grains.grain,
        {{ period_start('grains.grain', 'daily.movement_date') }},
        daily.billing_source,
        daily.tenant_id,
        daily.dimension,
        daily.dimension_value,
        daily.reporting_currency,
        daily.currency

),

balanced as (

    select
        *,
        sum(arrivals - departures) over slice_order as customers,
        sum(change) over slice_order as mrr,
        lead(period_start) over slice_order as next_change
    from by_period
    window slice_order as (
        partition by
            grain, billing_source, tenant_id, dimension, dimension_value, reporting_currency,
            currency
        order by period_start
    )

),

periods as (

    select
        grain,
        period_start,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        currency,
        customers - arrivals + departures as opening_customers,
        customers,
        mrr - change as opening_mrr
    from balanced

    union all

    select
        balanced.grain,
        quiet.period_start,
        balanced.billing_source,
        balanced.tenant_id,
        balanced.dimension,
        balanced.dimension_value,
        balanced.reporting_currency,
        balanced.currency,
        balanced.customers as opening_customers,
        balanced.customers,
        balanced.mrr as opening_mrr
    from balanced
    cross join clock
    cross join
        {{ periods_between(
            'balanced.grain', 'balanced.period_start',
            "coalesce(balanced.next_change, clock.as_of_date + 1)"
        ) }} as quiet
    where balanced.customers > 0 or balanced.mrr > 0

)

-- one row per grain, period, slice and reporting currency with MRR or a movement in the period:
-- how many customers paid when it began and at its end, and how much in the beginning, at the
-- rate of the day before
select
    periods.grain,
    periods.period_start,
    periods.billing_source,
    periods.tenant_id,
    periods.dimension,
    periods.dimension_value,
    periods.reporting_currency,
    sum(periods.opening_customers)::bigint as opening_customers,
    sum(periods.customers)::bigint as customers,
    sum(periods.opening_mrr * {{ multiplier('periods') }})::{{ reporting_money() }}
        as opening_mrr
from periods
left join rates
    on
        periods.currency <> periods.reporting_currency
        and periods.currency = rates.currency
        and periods.period_start - 1 = rates.rate_date
group by
    periods.grain,
    periods.period_start,
    periods.billing_source,
    periods.tenant_id,
    periods.dimension,
    periods.dimension_value,
    periods.reporting_currency
