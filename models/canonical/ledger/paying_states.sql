{{ config(materialized = 'view') }}
{%- set keeps_free = option('paid_to_free') == 'contraction' -%}
{%- set sees_free = keeps_free or option('free_to_paid') == 'expansion' %}

with

changes as (

    select
        billing_source,
        tenant_id,
        customer_id,
        level_id,
        movement_window,
        movement_date,
        amount,
        0 as items
    from {{ ref('mrr_netted') }}
    {%- if sees_free %}

    union all

    -- items that count, whatever they cost; a paused one is not there
    select
        billing_source,
        tenant_id,
        customer_id,
        {{ movement_level('coalesce(plan, old_plan)') }} as level_id,
        movement_window,
        {{ window_date('movement_window') }} as movement_date,
        0 as amount,
        case when mrr is not null and not is_paused then 1 else 0 end
        - case when old_mrr is not null and not was_paused then 1 else 0 end as items
    from {{ ref('item_transitions') }}
    {%- endif %}

),

windows as (

    select
        billing_source,
        tenant_id,
        customer_id,
        level_id,
        movement_window,
        movement_date,
        sum(amount) as net_change,
        sum(items) as net_items
    from changes
    group by
        billing_source, tenant_id, customer_id, level_id, movement_window, movement_date

),

-- The sum of amounts mixes currencies: it is only compared with zero.
balances as (

    select
        *,
        sum(net_change) over unit - net_change as paid_before,
        sum(net_change) over unit as paid_after,
        sum(net_items) over unit - net_items as items_before,
        sum(net_items) over unit as items_after
    from windows
    window unit as (
        partition by billing_source, tenant_id, customer_id, level_id
        order by movement_window
        rows unbounded preceding
    )

),

with_past as (

    select
        *,
        max(case when paid_after > 0 then movement_date end) over earlier is not null
            as has_paid_before,
        max(case when paid_after = 0 and paid_before > 0 then movement_date end) over earlier
            as stopped_on,
        -- how often the unit had nothing at all
        count(*) filter (where paid_after = 0 and items_after = 0) over (
            partition by billing_source, tenant_id, customer_id, level_id
            order by movement_window
        ) as breaks
    from balances
    window earlier as (
        partition by billing_source, tenant_id, customer_id, level_id
        order by movement_window
        rows between unbounded preceding and 1 preceding
    )

),

with_kept as (

    select
        *,
        {% if keeps_free -%}
        paid_after = 0
        and items_after > 0
        and coalesce(
            bool_or(paid_after > 0) over (
                partition by billing_source, tenant_id, customer_id, level_id, breaks
                order by movement_window
            ),
            false
        )
        {%- else -%}
        false
        {%- endif %} as is_kept
    from with_past

)

-- one row per unit and netting window in which its balance (or, where free items matter, what it
-- has) changed: whether it pays before and after; is_kept: it pays nothing any more, and stays
select
    billing_source,
    tenant_id,
    customer_id,
    level_id,
    movement_window,
    movement_date,
    paid_before > 0 as pays_before,
    paid_after > 0 as pays_after,
    items_before > 0 as has_items_before,
    has_paid_before,
    stopped_on,
    coalesce(
        lag(is_kept) over (
            partition by billing_source, tenant_id, customer_id, level_id
            order by movement_window
        ),
        false
    ) as was_kept,
    is_kept,
    lead(movement_date) over (
        partition by billing_source, tenant_id, customer_id, level_id
        order by movement_window
    ) as next_date
from with_kept
