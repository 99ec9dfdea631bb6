with

movements as (

    select * from {{ ref('mrr_movements') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

dimensions as (

    select *
    from (
        values
        ('total'), ('plan'), ('product'), ('currency'), ('country'), ('billing_interval')
    ) as names (dimension)

),

-- The sum may mix currencies: it is only compared with zero.
customer_days as (

    select
        movements.billing_source,
        movements.tenant_id,
        movements.customer_id,
        dimensions.dimension,
        case dimensions.dimension
            when 'plan' then movements.plan
            when 'product' then movements.product
            when 'currency' then movements.currency
            when 'country' then movements.country
            when 'billing_interval' then movements.billing_interval
            else 'all'
        end as dimension_value,
        movements.movement_date,
        sum(movements.amount) as change
    from movements
    cross join dimensions
    group by
        movements.billing_source,
        movements.tenant_id,
        movements.customer_id,
        dimensions.dimension,
        dimension_value,
        movements.movement_date

),

balances as (

    select
        *,
        sum(change) over customer as paid_after,
        sum(change) over customer - change as paid_before,
        row_number() over customer = 1 as is_first
    from customer_days
    where change <> 0
    window customer as (
        partition by billing_source, tenant_id, customer_id, dimension, dimension_value
        order by movement_date
        rows unbounded preceding
    )

),

-- A customer joins or leaves a dimension value when its MRR there leaves or reaches zero.
by_day as (

    select
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        movement_date,
        count(*) filter (where is_first) as new_customers,
        count(*) filter (where paid_before = 0 and not is_first) as returned_customers,
        count(*) filter (where paid_after = 0) as lost_customers
    from balances
    where paid_before = 0 or paid_after = 0
    group by billing_source, tenant_id, dimension, dimension_value, movement_date

),

by_period as (

    select
        grains.grain,
        {{ period_start('grains.grain', 'by_day.movement_date') }} as period_start,
        by_day.billing_source,
        by_day.tenant_id,
        by_day.dimension,
        by_day.dimension_value,
        sum(by_day.new_customers)::bigint as new_customers,
        sum(by_day.returned_customers)::bigint as returned_customers,
        sum(by_day.lost_customers)::bigint as lost_customers
    from by_day
    cross join grains
    group by
        grains.grain,
        {{ period_start('grains.grain', 'by_day.movement_date') }},
        by_day.billing_source,
        by_day.tenant_id,
        by_day.dimension,
        by_day.dimension_value

),

balanced as (

    select
        *,
        (sum(new_customers + returned_customers - lost_customers) over dimension_order)::bigint
            as customers,
        lead(period_start) over dimension_order as next_change
    from by_period
    window dimension_order as (
        partition by grain, billing_source, tenant_id, dimension, dimension_value
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
        customers - new_customers - returned_customers + lost_customers as opening_customers,
        new_customers,
        returned_customers,
        lost_customers,
        customers
    from balanced

    union all

    select
        balanced.grain,
        quiet.period_start,
        balanced.billing_source,
        balanced.tenant_id,
        balanced.dimension,
        balanced.dimension_value,
        balanced.customers as opening_customers,
        0 as new_customers,
        0 as returned_customers,
        0 as lost_customers,
        balanced.customers
    from balanced
    cross join clock
    cross join
        {{ periods_between(
            'balanced.grain', 'balanced.period_start',
            "coalesce(balanced.next_change, clock.as_of_date + 1)"
        ) }} as quiet
    where balanced.customers > 0

)

-- one row per grain, period, dimension and value with a paying customer or a change in the period
select
    periods.grain,
    periods.period_start,
    {{ next_period_start('periods.grain', 'periods.period_start') }} as period_end,
    {{ next_period_start('periods.grain', 'periods.period_start') }} <= clock.as_of_date
        as is_complete,
    periods.billing_source,
    periods.tenant_id,
    periods.dimension,
    periods.dimension_value,
    periods.opening_customers,
    periods.new_customers,
    periods.returned_customers,
    periods.lost_customers,
    periods.customers
from periods
cross join clock
