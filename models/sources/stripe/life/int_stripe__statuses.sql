{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

phases as (

    select * from {{ ref('int_stripe__phases') }}
    where trial_to is not null

),

subscriptions as (

    select * from {{ ref('int_stripe__subscriptions') }}

),

layers as (

    select * from {{ ref('int_stripe__status_layers') }}

    union all

    -- a trial that a schedule plans lies over all of them
    select
        phases.tenant_id,
        phases.subscription_id,
        7 as layer,
        'trialing' as status,
        phases.starts_at as valid_from,
        least(phases.trial_to, phases.valid_to, subscriptions.ended_at) as valid_to
    from phases
    inner join subscriptions
        on
            phases.tenant_id = subscriptions.tenant_id
            and phases.subscription_id = subscriptions.subscription_id
    where phases.starts_at < least(phases.trial_to, phases.valid_to, subscriptions.ended_at)

),

instants as (

    select
        tenant_id,
        subscription_id,
        valid_from as instant
    from layers

    union distinct

    select
        tenant_id,
        subscription_id,
        valid_to as instant
    from layers

),

pieces as (

    select
        *,
        lead(instant) over (
            partition by tenant_id, subscription_id
            order by instant
        ) as next_instant
    from instants

),

topmost as (

    select distinct on (pieces.tenant_id, pieces.subscription_id, pieces.instant)
        pieces.tenant_id,
        pieces.subscription_id,
        pieces.instant as valid_from,
        pieces.next_instant as valid_to,
        layers.status
    from pieces
    inner join layers
        on
            pieces.tenant_id = layers.tenant_id
            and pieces.subscription_id = layers.subscription_id
            and pieces.instant >= layers.valid_from
            and pieces.instant < layers.valid_to
    where pieces.next_instant is not null
    order by pieces.tenant_id, pieces.subscription_id, pieces.instant, layers.layer desc

),

marked as (

    select
        *,
        (
            lag(status) over subscription is distinct from status
            or lag(valid_to) over subscription is distinct from valid_from
        ) as is_change
    from topmost
    window subscription as (partition by tenant_id, subscription_id order by valid_from)

),

spells as (

    select
        *,
        count(*) filter (where is_change) over (
            partition by tenant_id, subscription_id
            order by valid_from
        ) as spell
    from marked

)

-- one row per subscription and unbroken [valid_from, valid_to) of one status, while it is in force
select
    tenant_id,
    subscription_id,
    status,
    min(valid_from) as valid_from,
    max(valid_to) as valid_to
from spells
where status is not null
group by tenant_id, subscription_id, spell, status
