with

lines as (

    select
        lines.billing_source,
        lines.tenant_id,
        coalesce(lines.plan, 'unknown') as plan,
        coalesce(lines.product, 'unknown') as product,
        lines.currency,
        lines.amount - lines.discount as amount,
        -- The last day of service; a line without one counts when it is invoiced.
        {{ local_date(
            "coalesce(lines.service_to - interval '1 microsecond', lines.invoiced_at)",
            'lines.tenant_id'
        ) }} as usage_date,
        clock.as_of_date
    from {{ ref('invoice_lines') }} as lines
    inner join {{ ref('customers') }} as customers
        on
            lines.billing_source = customers.billing_source
            and lines.tenant_id = customers.tenant_id
            and lines.customer_id = customers.customer_id
    cross join {{ ref('as_of') }} as clock
    where
        lines.kind = 'usage'
        and lines.invoiced_at <= clock.as_of
        and {{ is_counted_customer('customers') }}

),

exchange_rates as (

    select * from {{ ref('exchange_rates') }}

),

slices as (

    select * from {{ ref('slices') }}
    where
        not is_any_currency
        and dimension in ('total', 'plan', 'product', 'currency', 'source', 'overall')

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

by_day as (

    select
        lines.billing_source,
        lines.tenant_id,
        lines.plan,
        lines.product,
        lines.currency,
        exchange_rates.reporting_currency,
        lines.usage_date,
        lines.as_of_date,
        sum(lines.amount * exchange_rates.multiplier) as usage_revenue,
        count(*) as lines
    from lines
    inner join exchange_rates
        on
            lines.currency = exchange_rates.currency
            and least(lines.usage_date, lines.as_of_date) = exchange_rates.rate_date
    group by
        lines.billing_source,
        lines.tenant_id,
        lines.plan,
        lines.product,
        lines.currency,
        exchange_rates.reporting_currency,
        lines.usage_date,
        lines.as_of_date

),

sliced as (

    select
        grains.grain,
        {{ period_start('grains.grain', 'by_day.usage_date') }} as period_start,
        by_day.as_of_date,
        slices.slice_source as billing_source,
        slices.slice_tenant_id as tenant_id,
        slices.dimension,
        {{ slice_value('slices.dimension', 'by_day', ['plan', 'product', 'currency']) }}
            as dimension_value,
        by_day.reporting_currency,
        by_day.usage_revenue,
        by_day.lines
    from by_day
    cross join grains
    inner join slices
        on
            by_day.billing_source = slices.billing_source
            and by_day.tenant_id = slices.tenant_id

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
