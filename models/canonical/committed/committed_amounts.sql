{{ config(materialized = 'view') }}

with

items as (

    select
        intervals.*,
        clock.as_of,
        clock.as_of_date,
        intervals.counts_from <= clock.as_of as is_now
    from {{ ref('counted_intervals') }} as intervals
    cross join {{ ref('as_of') }} as clock
    where intervals.counts_to is null or intervals.counts_to > clock.as_of

),

standing_items as (

    select distinct
        intervals.billing_source,
        intervals.tenant_id,
        intervals.customer_id,
        intervals.item_id
    from {{ ref('counted_intervals') }} as intervals
    cross join {{ ref('as_of') }} as clock
    where
        intervals.counts_from <= clock.as_of
        and (intervals.counts_to is null or intervals.counts_to > clock.as_of)

),

trialing_items as (

    select distinct
        intervals.billing_source,
        intervals.tenant_id,
        intervals.customer_id,
        intervals.item_id
    from {{ ref('known_intervals') }} as intervals
    cross join {{ ref('as_of') }} as clock
    where
        intervals.status = 'trialing'
        and intervals.valid_from <= clock.as_of
        and (intervals.valid_to is null or intervals.valid_to > clock.as_of)

),

trials as (

    select trialing_items.*
    from trialing_items
    left join standing_items
        on
            trialing_items.customer_id = standing_items.customer_id
            and trialing_items.item_id = standing_items.item_id
            and trialing_items.tenant_id = standing_items.tenant_id
            and trialing_items.billing_source = standing_items.billing_source
    where standing_items.item_id is null

),

exchange_rates as (

    select * from {{ ref('exchange_rates') }}

),

horizons as (

    select * from {{ committed_horizons() }} as all_horizons (horizon_days)

),

states as (

    select
        items.*,
        horizons.horizon_days,
        items.counts_from <= items.as_of + horizons.horizon_days * interval '24 hours'
        and (
            items.counts_to is null
            or items.counts_to > items.as_of + horizons.horizon_days * interval '24 hours'
        ) as is_then
    from items
    cross join horizons

)

-- one row per horizon, subscription and dimension tuple in force now or then, with what it is worth
-- at today's rate; items in trial stand apart
select
    states.horizon_days,
    states.billing_source,
    states.tenant_id,
    states.customer_id,
    states.subscription_id,
    trials.item_id is not null as is_trial,
    states.plan,
    states.product,
    states.currency,
    states.country,
    states.billing_interval,
    exchange_rates.reporting_currency,
    bool_or(states.is_then) as counts_then,
    sum(case when states.is_now then states.mrr * exchange_rates.multiplier else 0 end)
    ::{{ reporting_money() }} as mrr_now,
    sum(case when states.is_then then states.mrr * exchange_rates.multiplier else 0 end)
    ::{{ reporting_money() }} as mrr_then
from states
inner join exchange_rates
    on
        states.currency = exchange_rates.currency
        and states.as_of_date = exchange_rates.rate_date
left join trials
    on
        states.customer_id = trials.customer_id
        and states.item_id = trials.item_id
        and states.tenant_id = trials.tenant_id
        and states.billing_source = trials.billing_source
where states.is_now or states.is_then
group by
    states.customer_id,
    states.subscription_id,
    states.horizon_days,
    states.billing_source,
    states.tenant_id,
    trials.item_id is not null,
    states.plan,
    states.product,
    states.currency,
    states.country,
    states.billing_interval,
    exchange_rates.reporting_currency
