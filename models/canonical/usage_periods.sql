with

usage_days as (

    select * from {{ ref('usage_days') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

exchange_rates as (

    select * from {{ ref('exchange_rates') }}

),

slices as (

    select * from {{ ref('slices') }}
    where
        not is_any_currency
        and dimension in (
            'total', 'plan', 'product', 'currency', 'source', 'overall', 'segment'
        )

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

converted as (

    select
        usage_days.*,
        exchange_rates.reporting_currency,
        clock.as_of_date,
        usage_days.amount * exchange_rates.multiplier as usage_revenue
    from usage_days
    cross join clock
    inner join exchange_rates
        on
            usage_days.currency = exchange_rates.currency
            and least(usage_days.usage_date, clock.as_of_date) = exchange_rates.rate_date

),

sliced as (

    select
        grains.grain,
        {{ period_start('grains.grain', 'converted.usage_date') }} as period_start,
        converted.as_of_date,
        slices.slice_source as billing_source,
        slices.slice_tenant_id as tenant_id,
        slices.dimension,
        {{ slice_value('slices', 'converted', ['plan', 'product', 'currency']) }}
            as dimension_value,
        converted.reporting_currency,
        converted.usage_revenue,
        converted.lines
    from converted
    cross join grains
    inner join slices
        on
            converted.billing_source = slices.billing_source
            and converted.tenant_id = slices.tenant_id

)

-- one row per grain, period, slice and reporting currency with billed usage
select
    grain,
    period_start,
    {{ next_period_start('grain', 'period_start') }} as period_end,
    {{ next_period_start('grain', 'period_start') }} <= as_of_date as is_complete,
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency,
    sum(usage_revenue)::{{ reporting_money() }} as usage_revenue,
    sum(lines)::bigint as lines
from sliced
group by
    grain,
    period_start,
    as_of_date,
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency
