{{ config(materialized = 'view') }}

with

items as (

    select
        intervals.*,
        clock.as_of,
        clock.as_of_date
    from {{ ref('counted_intervals') }} as intervals
    cross join {{ ref('as_of') }} as clock
    where intervals.counts_to is null or intervals.counts_to > clock.as_of

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

exchange_rates as (

    select * from {{ ref('exchange_rates') }}

),

slices as (

    select * from {{ ref('slices') }}
    where not is_any_currency

),

horizons as (

    select * from {{ committed_horizons() }} as all_horizons (horizon_days)

),

-- Every item as it is now, and as it will be.
states as (

    select
        items.*,
        horizons.horizon_days,
        true as is_now
    from items
    cross join horizons
    where items.counts_from <= items.as_of

    union all

    select
        items.*,
        horizons.horizon_days,
        false as is_now
    from items
    inner join horizons
        on
            items.counts_from <= items.as_of + horizons.horizon_days * interval '24 hours'
            and (
                items.counts_to is null
                or items.counts_to > items.as_of + horizons.horizon_days * interval '24 hours'
            )

),

with_trials as (

    select
        states.*,
        trialing_items.item_id is not null and not bool_or(states.is_now) over item as is_trial
    from states
    left join trialing_items
        on
            states.billing_source = trialing_items.billing_source
            and states.tenant_id = trialing_items.tenant_id
            and states.customer_id = trialing_items.customer_id
            and states.item_id = trialing_items.item_id
    window item as (
        partition by
            states.horizon_days,
            states.billing_source,
            states.tenant_id,
            states.customer_id,
            states.item_id
    )

),

-- An item that another takes the place of, in the same subscription, is no cancellation.
compared as (

    select
        *,
        bool_or(not is_now) over subscription as counts_then
    from with_trials
    window subscription as (
        partition by
            horizon_days, billing_source, tenant_id, customer_id, subscription_id, is_trial
    )

)

-- one row per horizon, slice, reporting currency and subscription in force now or then, with what
-- it is worth at today's rate; its items in trial stand apart
select
    compared.horizon_days,
    slices.slice_source as billing_source,
    slices.slice_tenant_id as tenant_id,
    slices.dimension,
    {{ slice_value('slices.dimension', 'compared') }} as dimension_value,
    exchange_rates.reporting_currency,
    compared.billing_source as subscription_source,
    compared.tenant_id as subscription_tenant_id,
    compared.customer_id,
    compared.subscription_id,
    compared.counts_then,
    compared.is_trial,
    sum(case when compared.is_now then compared.mrr * exchange_rates.multiplier else 0 end)
    ::{{ reporting_money() }} as mrr_now,
    sum(case when compared.is_now then 0 else compared.mrr * exchange_rates.multiplier end)
    ::{{ reporting_money() }} as mrr_then
from compared
inner join slices
    on
        compared.billing_source = slices.billing_source
        and compared.tenant_id = slices.tenant_id
inner join exchange_rates
    on
        compared.currency = exchange_rates.currency
        and compared.as_of_date = exchange_rates.rate_date
group by
    compared.horizon_days,
    slices.slice_source,
    slices.slice_tenant_id,
    slices.dimension,
    {{ slice_value('slices.dimension', 'compared') }},
    exchange_rates.reporting_currency,
    compared.billing_source,
    compared.tenant_id,
    compared.customer_id,
    compared.subscription_id,
    compared.counts_then,
    compared.is_trial
