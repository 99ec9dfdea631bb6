{{ config(pre_hook = without_nested_loops()) }}

with

begun_items as (

    select * from {{ ref('group_items') }}
    where mrr > 0

),

ended_items as (

    select * from {{ ref('group_items') }}
    where mrr > 0 and to_window is not null

),

customer_places as (

    select * from {{ ref('customer_places') }}

),

-- Whatever the currency: one cut of each dimension.
cuts as (

    select * from {{ ref('place_cuts') }}
    where has_one_currency or cut_currency = 'any'

),

slices as (

    select * from {{ ref('cut_slices') }}

),

item_changes as (

    select
        billing_source,
        tenant_id,
        customer_id,
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
        customer_id,
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
daily as (

    select
        item_changes.billing_source,
        item_changes.tenant_id,
        item_changes.subscription_id,
        cuts.cut_id,
        item_changes.movement_date,
        sum(item_changes.change) as change
    from item_changes
    inner join customer_places
        on
            item_changes.customer_id = customer_places.customer_id
            and item_changes.billing_source = customer_places.billing_source
            and item_changes.tenant_id = customer_places.tenant_id
    inner join cuts
        on
            item_changes.billing_source = cuts.billing_source
            and item_changes.tenant_id = cuts.tenant_id
            and item_changes.plan = cuts.plan
            and item_changes.product = cuts.product
            and item_changes.currency = cuts.currency
            and item_changes.country = cuts.country
            and item_changes.billing_interval = cuts.billing_interval
            and customer_places.has_one_place = cuts.has_one_place
            and customer_places.has_one_currency = cuts.has_one_currency
    group by
        item_changes.subscription_id,
        item_changes.billing_source,
        item_changes.tenant_id,
        cuts.cut_id,
        item_changes.movement_date
    having sum(item_changes.change) <> 0

),

with_items_in_force as (

    select
        *,
        sum(change) over (
            partition by subscription_id, billing_source, tenant_id, cut_id
            order by movement_date
        ) as items_in_force
    from daily

),

by_cut as (

    select
        cut_id,
        movement_date,
        count(*) as turns,
        sum(case when items_in_force = 0 then -1 else 1 end) as change
    from with_items_in_force
    where items_in_force = 0 or items_in_force = change
    group by cut_id, movement_date

)

-- one row per slice, reporting currency and day on which subscriptions begin or stop to pay; those
-- of a customer with several currencies stand under any
select
    slices.billing_source,
    slices.tenant_id,
    slices.dimension,
    slices.dimension_value,
    slices.reporting_currency,
    by_cut.movement_date,
    sum(by_cut.turns)::bigint as turns,
    sum(by_cut.change)::bigint as change
from by_cut
inner join slices on by_cut.cut_id = slices.cut_id
group by
    slices.billing_source,
    slices.tenant_id,
    slices.dimension,
    slices.dimension_value,
    slices.reporting_currency,
    by_cut.movement_date
