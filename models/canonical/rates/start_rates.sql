{{ config(materialized = 'view') }}

with

transitions as (

    select * from {{ ref('item_transitions') }}

),

changes as (

    select
        billing_source,
        tenant_id,
        customer_id,
        {{ movement_level('plan') }} as level_id,
        currency,
        movement_window,
        mrr as change
    from transitions
    where mrr is not null

    union all

    select
        billing_source,
        tenant_id,
        customer_id,
        {{ movement_level('old_plan') }} as level_id,
        old_currency as currency,
        movement_window,
        -old_mrr as change
    from transitions
    where old_mrr is not null

),

netted as (

    select
        billing_source,
        tenant_id,
        customer_id,
        level_id,
        currency,
        movement_window,
        sum(change) as change
    from changes
    group by billing_source, tenant_id, customer_id, level_id, currency, movement_window

),

balances as (

    select
        *,
        sum(change) over unit as balance,
        sum(change) over unit - change as balance_before
    from netted
    window unit as (
        partition by billing_source, tenant_id, customer_id, level_id, currency
        order by movement_window
        rows unbounded preceding
    )

),

-- Each time the balance leaves zero a streak begins.
streaks as (

    select
        *,
        count(*) filter (where balance_before = 0 and balance > 0) over (
            partition by billing_source, tenant_id, customer_id, level_id, currency
            order by movement_window
        ) as streak
    from balances

),

starts as (

    select
        *,
        first_value(movement_window) over (
            partition by billing_source, tenant_id, customer_id, level_id, currency, streak
            order by movement_window
        ) as started_in
    from streaks

)

-- one row per unit, currency and netting window with a change: the exchange rate of the day on
-- which the unit began to pay in that currency
select
    starts.billing_source,
    starts.tenant_id,
    starts.customer_id,
    starts.level_id,
    starts.currency,
    starts.movement_window,
    rates.multiplier
from starts
inner join {{ ref('exchange_rates') }} as rates
    on
        starts.currency = rates.currency
        and {{ window_date('starts.started_in', 'starts.tenant_id') }} = rates.rate_date
