with

movements as (

    select * from {{ ref('group_movements') }}

),

slices as (

    select * from {{ ref('slices') }}

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

sliced as (

    select
        slices.slice_source,
        slices.slice_tenant_id,
        slices.dimension,
        {{ slice_value('slices', 'movements') }} as dimension_value,
        case when slices.is_any_currency then 'any' else movements.reporting_currency end
            as reporting_currency,
        movements.billing_source,
        movements.tenant_id,
        movements.customer_id,
        movements.movement_date
    from movements
    inner join slices
        on
            movements.billing_source = slices.billing_source
            and movements.tenant_id = slices.tenant_id
    where movements.movement_type = 'new'

),

-- A customer can be new more than once (by subscription, or after a long time away): with the day
-- before, each period counts it once.
customer_days as (

    select
        slice_source,
        slice_tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        movement_date,
        lag(movement_date) over (
            partition by
                slice_source, slice_tenant_id, dimension, dimension_value, reporting_currency,
                billing_source, tenant_id, customer_id
            order by movement_date
        ) as previous_date
    from sliced
    group by
        slice_source,
        slice_tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        billing_source,
        tenant_id,
        customer_id,
        movement_date

),

by_day as (

    select
        slice_source,
        slice_tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        movement_date,
        previous_date,
        count(*) as customers
    from customer_days
    group by
        slice_source,
        slice_tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        movement_date,
        previous_date

)

-- one row per grain, period, slice and reporting currency with new customers
select
    grains.grain,
    {{ period_start('grains.grain', 'by_day.movement_date') }} as period_start,
    by_day.slice_source as billing_source,
    by_day.slice_tenant_id as tenant_id,
    by_day.dimension,
    by_day.dimension_value,
    by_day.reporting_currency,
    sum(by_day.customers)::bigint as new_customers
from by_day
cross join grains
where
    by_day.previous_date is null
    or {{ period_start('grains.grain', 'by_day.previous_date') }}
    <> {{ period_start('grains.grain', 'by_day.movement_date') }}
group by
    grains.grain,
    {{ period_start('grains.grain', 'by_day.movement_date') }},
    by_day.slice_source,
    by_day.slice_tenant_id,
    by_day.dimension,
    by_day.dimension_value,
    by_day.reporting_currency
