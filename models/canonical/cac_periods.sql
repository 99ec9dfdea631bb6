with

new_customers as (

    select * from {{ ref('dimension_periods') }}
    where
        grain in ('month', 'quarter', 'year')
        and dimension in ('total', 'overall')
        and reporting_currency <> 'any'
        and new_customers > 0

),

ltv as (

    select * from {{ ref('ltv_periods') }}

),

exchange_rates as (

    select * from {{ ref('exchange_rates') }}

),

first_rates as (

    select min(rate_date) as first_date
    from exchange_rates

),

clock as (

    select * from {{ ref('as_of') }}

),

grains as (

    select * from {{ period_grains() }} as period_grains
    where grain in ('month', 'quarter', 'year')

),

-- What is spent for nobody in particular is everybody's, and a tenant's only if it is alone.
spenders as (

    select
        slice_source,
        slice_tenant_id,
        dimension,
        count(*) over () = 1 as is_only
    from {{ ref('slices') }}
    where dimension in ('total', 'overall') and not is_any_currency
    group by slice_source, slice_tenant_id, dimension

),

spend as (

    select
        spent.*,
        greatest(spent.spend_date, first_rates.first_date) as rate_date
    from {{ source('inputs', 'spend') }} as spent
    cross join first_rates
    cross join clock
    where spent.spend_date <= clock.as_of_date

),

spent_in_periods as (

    select
        grains.grain,
        {{ period_start('grains.grain', 'spend.spend_date') }} as period_start,
        spenders.slice_source as billing_source,
        spenders.slice_tenant_id as tenant_id,
        spenders.dimension,
        exchange_rates.reporting_currency,
        sum(spend.amount * exchange_rates.multiplier) as spend
    from spend
    cross join grains
    inner join spenders
        on
            spenders.dimension = 'overall'
            or spend.tenant_id = spenders.slice_tenant_id
            or (spend.tenant_id is null and spenders.is_only)
    inner join exchange_rates
        on
            spend.currency = exchange_rates.currency
            and spend.rate_date = exchange_rates.rate_date
    group by
        grains.grain,
        {{ period_start('grains.grain', 'spend.spend_date') }},
        spenders.slice_source,
        spenders.slice_tenant_id,
        spenders.dimension,
        exchange_rates.reporting_currency

),

periods as (

    select
        coalesce(spent.grain, new_customers.grain) as grain,
        coalesce(spent.period_start, new_customers.period_start) as period_start,
        coalesce(spent.billing_source, new_customers.billing_source) as billing_source,
        coalesce(spent.tenant_id, new_customers.tenant_id) as tenant_id,
        coalesce(spent.dimension, new_customers.dimension) as dimension,
        coalesce(spent.reporting_currency, new_customers.reporting_currency)
            as reporting_currency,
        spent.spend,
        coalesce(new_customers.new_customers, 0) as new_customers,
        coalesce(new_customers.new_mrr, 0) as new_mrr
    from spent_in_periods as spent
    full outer join new_customers
        on
            spent.grain = new_customers.grain
            and spent.period_start = new_customers.period_start
            and spent.billing_source = new_customers.billing_source
            and spent.tenant_id = new_customers.tenant_id
            and spent.dimension = new_customers.dimension
            and spent.reporting_currency = new_customers.reporting_currency

)

-- one row per month, quarter or year, tenant (or all) and reporting currency with new customers or
-- spend
select
    periods.grain,
    periods.period_start,
    {{ next_period_start('periods.grain', 'periods.period_start') }} as period_end,
    {{ next_period_start('periods.grain', 'periods.period_start') }} <= clock.as_of_date
        as is_complete,
    periods.billing_source,
    periods.tenant_id,
    periods.dimension,
    'all' as dimension_value,
    periods.reporting_currency,
    periods.spend::{{ reporting_money() }} as spend,
    periods.new_customers,
    periods.new_mrr,
    -- of the last month of the period, or of the month that runs
    ltv.ltv
from periods
cross join clock
left join ltv
    on
        periods.billing_source = ltv.billing_source
        and periods.tenant_id = ltv.tenant_id
        and periods.dimension = ltv.dimension
        and periods.reporting_currency = ltv.reporting_currency
        and least(
            {{ next_period_start('periods.grain', 'periods.period_start') }} - 1, clock.as_of_date
        ) >= ltv.period_start
        and least(
            {{ next_period_start('periods.grain', 'periods.period_start') }} - 1, clock.as_of_date
        ) < ltv.period_end
