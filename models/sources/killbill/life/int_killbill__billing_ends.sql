{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

subscriptions as (

    select * from {{ ref('stg_killbill__subscriptions') }}

),

told_ends as (

    select
        tenant_record_id,
        subscription_id,
        event_record_id,
        kind,
        effective_at,
        created_at
    from {{ ref('stg_killbill__subscription_events') }}
    where kind in ('CANCEL', 'EXPIRED')

    union all

    select
        tenant_record_id,
        subscription_id,
        event_record_id,
        kind,
        effective_at,
        created_at
    from {{ ref('int_killbill__planned_phases') }}
    where kind = 'EXPIRED'

),

-- The first end is the end; what stands behind it never came to be.
own_ends as (

    select distinct on (tenant_record_id, subscription_id)
        tenant_record_id,
        subscription_id,
        kind,
        effective_at,
        created_at
    from told_ends
    order by tenant_record_id, subscription_id, effective_at, event_record_id

),

-- While a base is to be cancelled, only the engine's memory knows that its add-ons will be, too.
base_ends as (

    select distinct on (subscriptions.tenant_record_id, subscriptions.bundle_id)
        subscriptions.tenant_record_id,
        subscriptions.bundle_id,
        own_ends.kind,
        own_ends.effective_at,
        own_ends.created_at
    from subscriptions
    inner join own_ends
        on
            subscriptions.tenant_record_id = own_ends.tenant_record_id
            and subscriptions.subscription_id = own_ends.subscription_id
    where subscriptions.category = 'BASE'
    order by subscriptions.tenant_record_id, subscriptions.bundle_id, own_ends.effective_at desc

),

told as (

    select
        subscriptions.*,
        coalesce(base_ends.effective_at <= own_ends.effective_at, own_ends.effective_at is null)
            as is_with_base,
        own_ends.kind as own_kind,
        own_ends.effective_at as own_end_at,
        own_ends.created_at as own_requested_at,
        base_ends.kind as base_kind,
        base_ends.effective_at as base_end_at,
        base_ends.created_at as base_requested_at
    from subscriptions
    left join own_ends
        on
            subscriptions.tenant_record_id = own_ends.tenant_record_id
            and subscriptions.subscription_id = own_ends.subscription_id
    left join base_ends
        on
            subscriptions.tenant_record_id = base_ends.tenant_record_id
            and subscriptions.bundle_id = base_ends.bundle_id
            and subscriptions.category = 'ADD_ON'
    where own_ends.effective_at is not null or base_ends.effective_at is not null

)

-- one row per subscription whose billing ends: how, when, and since when that is known
select
    tenant_record_id,
    subscription_id,
    case when is_with_base then base_kind else own_kind end as kind,
    least(own_end_at, base_end_at) as billing_end_at,
    case when is_with_base then least(base_requested_at, own_requested_at) else own_requested_at end
        as requested_at
from told
