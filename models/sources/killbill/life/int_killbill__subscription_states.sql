{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

subscriptions as (

    select * from {{ ref('stg_killbill__subscriptions') }}

),

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

),

ends as (

    select * from {{ ref('int_killbill__ends') }}

),

told as (

    select
        tenant_record_id,
        subscription_id,
        event_id,
        event_record_id,
        created_at,
        kind,
        plan_name,
        price_list,
        phase_name,
        quantity,
        effective_at
    from {{ ref('stg_killbill__subscription_events') }}
    where kind not in ('CANCEL', 'EXPIRED', 'BCD_UPDATE')

    union all

    select
        tenant_record_id,
        subscription_id,
        event_id,
        event_record_id,
        created_at,
        kind,
        null as plan_name,
        null as price_list,
        phase_name,
        null as quantity,
        effective_at
    from {{ ref('int_killbill__planned_phases') }}
    where kind = 'PHASE'

),

-- What stands at or behind the end never came to be.
events as (

    select
        told.*,
        coalesce(ends.service_end_at, 'infinity') as service_end_at,
        row_number() over (
            partition by told.tenant_record_id, told.subscription_id
            order by
                told.effective_at,
                told.kind in ('CREATE', 'TRANSFER') desc,
                told.event_record_id
        ) as event_number
    from told
    inner join ends
        on
            told.tenant_record_id = ends.tenant_record_id
            and told.subscription_id = ends.subscription_id
    where told.effective_at < coalesce(ends.service_end_at, 'infinity')

),

numbered as (

    select
        *,
        count(plan_name) over event_order as plan_number,
        count(phase_name) over event_order as phase_number,
        count(*) filter (where kind = 'QUANTITY_UPDATE') over event_order as quantity_number
    from events
    window event_order as (partition by tenant_record_id, subscription_id order by event_number)

),

-- An event says what it changes; the rest is as it was.
carried as (

    select
        *,
        max(plan_name) over same_plan as carried_plan,
        max(price_list) over same_plan as carried_price_list,
        min(effective_at) over same_plan as plan_changed_at,
        max(phase_name) over same_phase as carried_phase,
        max(quantity) filter (where kind = 'QUANTITY_UPDATE') over same_quantity
            as carried_quantity
    from numbered
    window
        same_plan as (partition by tenant_record_id, subscription_id, plan_number),
        same_phase as (partition by tenant_record_id, subscription_id, phase_number),
        same_quantity as (partition by tenant_record_id, subscription_id, quantity_number)

),

compared as (

    select
        *,
        coalesce(kind = 'PHASE' and carried_phase = lag(carried_phase) over event_order, false)
            as is_repeated
    from carried
    window event_order as (partition by tenant_record_id, subscription_id order by event_number)

),

-- A bundle that is handed over in a trial is told twice that the trial is over.
states as (

    select
        *,
        lead(effective_at, 1, service_end_at) over event_order as next_at
    from compared
    where not is_repeated
    window event_order as (partition by tenant_record_id, subscription_id order by event_number)

)

-- one row per subscription and [valid_from, valid_to) of one plan, phase and quantity, those that
-- are to come included
select
    subscriptions.tenant_record_id,
    subscriptions.account_record_id,
    accounts.account_id,
    subscriptions.bundle_id,
    subscriptions.subscription_id,
    states.carried_plan as plan_name,
    states.carried_price_list as price_list,
    states.carried_phase as phase_name,
    -- a phase is named after its plan and type
    upper(substring(states.carried_phase from '[^-]+$')) as phase_type,
    -- what is not above zero is one to the engine
    case when states.carried_quantity > 0 then states.carried_quantity else 1 end as quantity,
    states.plan_changed_at,
    states.event_id,
    states.created_at as event_recorded_at,
    states.effective_at as valid_from,
    states.next_at as valid_to
from states
inner join subscriptions
    on
        states.tenant_record_id = subscriptions.tenant_record_id
        and states.subscription_id = subscriptions.subscription_id
inner join accounts
    on
        subscriptions.tenant_record_id = accounts.tenant_record_id
        and subscriptions.account_record_id = accounts.account_record_id
where states.effective_at < states.next_at and states.carried_plan is not null
