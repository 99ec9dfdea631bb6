{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select * from {{ ref('int_stripe__subscriptions') }}

),

versions as (

    select * from {{ ref('int_stripe__net_versions') }}

),

first_states as (

    select * from {{ ref('int_stripe__states') }}
    where state_number = 1 and is_handover

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

items as (

    select * from {{ ref('stg_stripe__subscription_items') }}

),

found as (

    select
        tenant_id,
        subscription_id,
        'change_date_unknown' as issue
    from versions
    where is_date_unknown

    union

    select
        tenant_id,
        subscription_id,
        'tiers_not_landed' as issue
    from versions
    where amount is null

    union

    select
        tenant_id,
        subscription_id,
        'tax_included_unknown' as issue
    from versions
    where is_tax_unknown

    union

    select
        versions.tenant_id,
        versions.subscription_id,
        'unknown_period' as issue
    from versions
    inner join prices
        on versions.tenant_id = prices.tenant_id and versions.price_id = prices.price_id
    where prices.period_unit is null

    union

    select
        tenant_id,
        subscription_id,
        'price_missing' as issue
    from items
    where price_id is null

    union

    -- A trial that ends without a card says when it paused.
    select
        tenant_id,
        subscription_id,
        'pause_start_unknown' as issue
    from first_states
    where
        state ? 'is_paused'
        or (state ->> 'status' = 'paused' and not state ? 'trial_end')

    union

    select
        tenant_id,
        subscription_id,
        'subscription_missing' as issue
    from subscriptions
    where is_missing

)

-- one row per subscription and reason why its history is not known as it was
select
    found.tenant_id,
    subscriptions.customer_id,
    found.issue,
    found.subscription_id
from found
inner join subscriptions
    on
        found.tenant_id = subscriptions.tenant_id
        and found.subscription_id = subscriptions.subscription_id
where not subscriptions.is_test
