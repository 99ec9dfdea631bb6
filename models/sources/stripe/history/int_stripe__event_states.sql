{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

events as (

    select * from {{ ref('stg_stripe__events') }}

),

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

owned as (

    select
        events.*,
        coalesce(events.tenant_id, subscriptions.tenant_id, 'default') as owner_id
    from events
    left join subscriptions
        on
            events.subscription_id = subscriptions.subscription_id
            and coalesce(events.tenant_id, subscriptions.tenant_id) = subscriptions.tenant_id

),

births as (

    select
        owner_id,
        subscription_id,
        min(least(started_at, created_at)) as born_at
    from owned
    where event_type = 'customer.subscription.created'
    group by owner_id, subscription_id

),

-- Stripe's events carry seconds. Of several in one, the last is the end of the subscription, or
-- the one whose state none of the others started from.
last_of_second as (

    select distinct on (owned.owner_id, owned.subscription_id, owned.created_at) owned.*
    from owned
    left join owned as followers
        on
            owned.subscription_id = followers.subscription_id
            and owned.created_at = followers.created_at
            and owned.state = followers.previous_state
            and owned.event_id <> followers.event_id
    order by
        owned.owner_id,
        owned.subscription_id,
        owned.created_at,
        owned.event_type <> 'customer.subscription.deleted',
        followers.event_id is not null,
        owned.event_type = 'customer.subscription.created',
        owned.event_id desc

),

numbered as (

    select
        *,
        row_number() over (partition by owner_id, subscription_id order by created_at) as number
    from last_of_second

)

-- one row per subscription and second in which events told of it, with its state from then on; a
-- subscription whose beginning was told has the first since its start
select
    numbered.owner_id as tenant_id,
    numbered.subscription_id,
    numbered.customer_id,
    numbered.event_id,
    case
        when numbered.number = 1 then least(births.born_at, numbered.created_at)
        else numbered.created_at
    end as valid_from,
    numbered.created_at,
    numbered.subscription_created_at,
    numbered.state
from numbered
left join births
    on
        numbered.owner_id = births.owner_id
        and numbered.subscription_id = births.subscription_id
