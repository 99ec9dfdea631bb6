{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

blocking_states as (

    select * from {{ ref('stg_killbill__blocking_states') }}

),

-- Each service blocks on its own, and clears what it has blocked itself.
switches as (

    select
        tenant_record_id,
        blockable_type,
        blockable_id,
        service,
        'paused' as status,
        is_billing_blocked as is_on,
        effective_at,
        created_at,
        state_record_id
    from blocking_states

    union all

    select
        tenant_record_id,
        blockable_type,
        blockable_id,
        service,
        'past_due' as status,
        state <> '__KILLBILL__CLEAR__OVERDUE_STATE__' as is_on,
        effective_at,
        created_at,
        state_record_id
    from blocking_states
    where service = 'overdue-service'

),

switched as (

    select
        *,
        is_on and lag(is_on, 1, false) over state_order = false as is_start
    from switches
    where is_on is not null
    window
        state_order as (
            partition by tenant_record_id, blockable_type, blockable_id, service, status
            order by effective_at, state_record_id
        )

),

ranges as (

    select
        *,
        lead(effective_at, 1, 'infinity') over state_order as valid_to,
        lead(created_at) over state_order as end_recorded_at
    from switched
    where is_start or not is_on
    window
        state_order as (
            partition by tenant_record_id, blockable_type, blockable_id, service, status
            order by effective_at, state_record_id
        )

)

-- one row per subscription, bundle or account, service and [valid_from, valid_to) in which it
-- blocks billing (paused) or finds the account overdue (past_due)
select
    tenant_record_id,
    blockable_type,
    blockable_id,
    service,
    status,
    effective_at as valid_from,
    valid_to,
    created_at as start_recorded_at,
    end_recorded_at
from ranges
where
    is_on
    and effective_at < valid_to
    -- the engine bills through a pause of less than a day
    and (status <> 'paused' or valid_to >= effective_at + interval '24 hours')
