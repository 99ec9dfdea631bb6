with

begun_items as (

    select * from {{ ref('item_mrr') }}
    where mrr > 0

),

ended_items as (

    select * from {{ ref('item_mrr') }}
    where mrr > 0 and to_window is not null

),

slices as (

    select * from {{ ref('slices') }}
    where not is_any_currency

),

item_changes as (

    select
        billing_source,
        tenant_id,
        subscription_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        {{ window_date('from_window') }} as movement_date,
        1 as change
    from begun_items

    union all

    select
        billing_source,
        tenant_id,
        subscription_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        {{ window_date('to_window') }} as movement_date,
        -1 as change
    from ended_items

),

-- What ends where the next one begins is no change.
netted as (

    select
        billing_source,
        tenant_id,
        subscription_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        movement_date,
        sum(change) as change
    from item_changes
    group by
        subscription_id,
        billing_source,
        tenant_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        movement_date
    having sum(change) <> 0

),

daily as (

    select
        slices.slice_source,
        slices.slice_tenant_id,
        netted.billing_source,
        netted.tenant_id,
        netted.subscription_id,
        slices.dimension,
        {{ slice_value('slices.dimension', 'netted') }} as dimension_value,
        netted.movement_date,
        sum(netted.change) as change
    from netted
    inner join slices
        on
            netted.billing_source = slices.billing_source
            and netted.tenant_id = slices.tenant_id
    group by
        netted.subscription_id,
        netted.billing_source,
        netted.tenant_id,
        slices.slice_source,
        slices.slice_tenant_id,
        slices.dimension,
        {{ slice_value('slices.dimension', 'netted') }},
        netted.movement_date
    having sum(netted.change) <> 0

),

with_items_in_force as (

    select
        *,
        sum(change) over (
            partition by subscription_id, billing_source, tenant_id, dimension, dimension_value
            order by movement_date
        ) as items_in_force
    from daily

)

-- one row per slice and day on which subscriptions begin or stop to pay
select
    slice_source as billing_source,
    slice_tenant_id as tenant_id,
    dimension,
    dimension_value,
    movement_date,
    sum(case when items_in_force = 0 then -1 else 1 end)::bigint as change
from with_items_in_force
where items_in_force = 0 or items_in_force = change
group by slice_source, slice_tenant_id, dimension, dimension_value, movement_date
