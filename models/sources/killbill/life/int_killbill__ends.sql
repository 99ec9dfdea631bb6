{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

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

billing_ends as (

    select * from {{ ref('int_killbill__billing_ends') }}

),

blocks as (

    select * from {{ ref('stg_killbill__blocking_states') }}

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
        min(effective_at) as effective_at,
        min(created_at) as created_at
    from blocks
    where
        blockable_type = 'SUBSCRIPTION'
        and service = 'entitlement-service'
        and state = 'ENT_CANCELLED'
    group by tenant_record_id, blockable_id

),

ended as (

    select
        subscriptions.tenant_record_id,
        subscriptions.account_record_id,
        subscriptions.subscription_id,
        subscriptions.observed_at,
        billing_ends.kind,
        billing_ends.billing_end_at,
        billing_ends.requested_at,
        owners.handed_over_at,
        entitlement_ends.effective_at as entitlement_end_at,
        entitlement_ends.created_at as entitlement_end_requested_at,
        -- what was over before the bundle was handed over was ended, not handed over
        coalesce(
            owners.handed_over_at <= coalesce(billing_ends.billing_end_at, 'infinity'), false
        ) as is_handed_over
    from subscriptions
    left join billing_ends
        on
            subscriptions.tenant_record_id = billing_ends.tenant_record_id
            and subscriptions.subscription_id = billing_ends.subscription_id
    left join owners
        on
            subscriptions.tenant_record_id = owners.tenant_record_id
            and subscriptions.bundle_id = owners.bundle_id
    left join entitlement_ends
        on
            subscriptions.tenant_record_id = entitlement_ends.tenant_record_id
            and subscriptions.subscription_id = entitlement_ends.subscription_id

),

overdue_ends as (

    select distinct
        ended.tenant_record_id,
        ended.subscription_id
    from ended
    inner join overdue_states
        on
            ended.tenant_record_id = overdue_states.tenant_record_id
            and ended.account_record_id = overdue_states.account_record_id
            and abs(extract(epoch from ended.requested_at - overdue_states.created_at)) < 60
    where ended.kind = 'CANCEL'

)

-- one row per subscription: when its service ends, what the engine and the customer call the end,
-- and whether it went on with another account
select
    ended.tenant_record_id,
    ended.subscription_id,
    ended.is_handed_over,
    case when ended.is_handed_over then ended.handed_over_at else ended.billing_end_at end
        as service_end_at,
    -- Access until the end of what is paid ends with the beginning of what is free: before anybody
    -- has asked for it.
    case
        when not ended.is_handed_over
            then coalesce(
                greatest(
                    ended.entitlement_end_at,
                    least(ended.billing_end_at, ended.entitlement_end_requested_at)
                ),
                ended.billing_end_at
            )
    end as cancel_effective_at,
    case when not ended.is_handed_over and ended.kind = 'CANCEL' then ended.requested_at end
        as cancel_requested_at,
    -- planned, as far as this run can see
    case
        when not ended.is_handed_over and ended.billing_end_at > ended.observed_at
            then greatest(ended.billing_end_at, ended.entitlement_end_at)
    end as scheduled_end_at,
    case
        when ended.is_handed_over then null
        when ended.kind = 'EXPIRED' then 'expired'
        when overdue_ends.subscription_id is not null then 'overdue'
    end as cancel_reason
from ended
left join overdue_ends
    on
        ended.tenant_record_id = overdue_ends.tenant_record_id
        and ended.subscription_id = overdue_ends.subscription_id
