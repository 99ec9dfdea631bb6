with

changes as (

    select * from {{ ref('customer_changes') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

by_period as (

    select
        grains.grain,
        {{ period_start('grains.grain', 'changes.movement_date') }} as period_start,
        changes.billing_source,
        changes.tenant_id,
        changes.dimension,
        changes.dimension_value,
        sum(changes.new_customers)::bigint as new_customers,
        sum(changes.returned_customers)::bigint as returned_customers,
        sum(changes.lost_customers)::bigint as lost_customers,
        sum(changes.change_of_subscriptions)::bigint as change_of_subscriptions
    from changes
    cross join grains
    group by
        grains.grain,
        {{ period_start('grains.grain', 'changes.movement_date') }},
        changes.billing_source,
        changes.tenant_id,
        changes.dimension,
        changes.dimension_value

),

balanced as (

    select
        *,
        (sum(new_customers + returned_customers - lost_customers) over slice_order)::bigint
            as customers,
        (sum(change_of_subscriptions) over slice_order)::bigint as subscriptions,
        lead(period_start) over slice_order as next_change
    from by_period
    window slice_order as (
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
        customers,
        subscriptions
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
        balanced.customers,
        balanced.subscriptions
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
    periods.customers,
    periods.subscriptions
from periods
cross join clock
-- a change of subscriptions alone makes no row
where periods.opening_customers + periods.new_customers + periods.returned_customers > 0
