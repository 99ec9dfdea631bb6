{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select * from {{ ref('stg_killbill__subscriptions') }}

),

owners as (

    select * from {{ ref('int_killbill__owners') }}

),

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

),

blocks as (

    select * from {{ ref('stg_killbill__blocking_states') }}

),

-- The first end is the end; what stands behind it never came to be.
own_ends as (

    select distinct on (tenant_record_id, subscription_id)
        tenant_record_id,
        subscription_id,
        kind,
        effective_at,
        created_at
    from {{ ref('stg_killbill__subscription_events') }}
    where kind in ('CANCEL', 'EXPIRED')
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

-- Who is overdue for long is cancelled in the same breath as the account's state says so.
overdue_states as (

    select
        blocks.tenant_record_id,
        accounts.account_record_id,
        blocks.created_at
    from blocks
    inner join accounts
        on
            blocks.tenant_record_id = accounts.tenant_record_id
            and blocks.blockable_id = accounts.account_id
    where
        blocks.blockable_type = 'ACCOUNT'
        and blocks.service = 'overdue-service'
        and blocks.state <> '__KILLBILL__CLEAR__OVERDUE_STATE__'

),

entitlement_ends as (

    select
        tenant_record_id,
        blockable_id as subscription_id,
        min(effective_at) as effective_at
    from blocks
    where
        blockable_type = 'SUBSCRIPTION'
        and service = 'entitlement-service'
        and state = 'ENT_CANCELLED'
    group by tenant_record_id, blockable_id

),

told as (

    select
        subscriptions.*,
        owners.handed_over_at,
        entitlement_ends.effective_at as entitlement_end_at,
        coalesce(base_ends.effective_at < own_ends.effective_at, own_ends.effective_at is null)
            as is_with_base,
        own_ends.kind as own_kind,
        own_ends.effective_at as own_end_at,
        own_ends.created_at as own_requested_at,
        base_ends.kind as base_kind,
        base_ends.effective_at as base_end_at,
        base_ends.created_at as base_requested_at
    from subscriptions
    left join owners
        on
            subscriptions.tenant_record_id = owners.tenant_record_id
            and subscriptions.bundle_id = owners.bundle_id
    left join own_ends
        on
            subscriptions.tenant_record_id = own_ends.tenant_record_id
            and subscriptions.subscription_id = own_ends.subscription_id
    left join base_ends
        on
            subscriptions.tenant_record_id = base_ends.tenant_record_id
            and subscriptions.bundle_id = base_ends.bundle_id
            and subscriptions.category = 'ADD_ON'
    left join entitlement_ends
        on
            subscriptions.tenant_record_id = entitlement_ends.tenant_record_id
            and subscriptions.subscription_id = entitlement_ends.subscription_id

),

ended as (

    select
        *,
        case when is_with_base then base_kind else own_kind end as kind,
        least(own_end_at, base_end_at) as billing_end_at,
        case when is_with_base then base_requested_at else own_requested_at end as requested_at,
        -- what was over before the bundle was handed over was ended, not handed over
        coalesce(handed_over_at <= coalesce(least(own_end_at, base_end_at), 'infinity'), false)
            as is_handed_over
    from told

),

explained as (

    select
        *,
        case
            when is_handed_over then null
            when kind = 'EXPIRED' then 'expired'
            when
                kind = 'CANCEL'
                and exists (
                    select
                    from overdue_states
                    where
                        ended.tenant_record_id = overdue_states.tenant_record_id
                        and ended.account_record_id = overdue_states.account_record_id
                        and abs(
                            extract(epoch from ended.requested_at - overdue_states.created_at)
                        ) < 60
                )
                then 'overdue'
        end as reason
    from ended

)

-- one row per subscription: when its service ends, what the engine and the customer call the end,
-- and whether it went on with another account
select
    tenant_record_id,
    subscription_id,
    is_handed_over,
    case when is_handed_over then handed_over_at else billing_end_at end as service_end_at,
    case when not is_handed_over then coalesce(entitlement_end_at, billing_end_at) end
        as cancel_effective_at,
    case when not is_handed_over and kind = 'CANCEL' then requested_at end as cancel_requested_at,
    -- planned, as far as this run can see
    case
        when not is_handed_over and billing_end_at > observed_at
            then greatest(billing_end_at, entitlement_end_at)
    end as scheduled_end_at,
    reason as cancel_reason
from explained
