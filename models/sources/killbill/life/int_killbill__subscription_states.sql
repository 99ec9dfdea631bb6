{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

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

-- What stands at or behind the end never came to be.
events as (

    select
        events.*,
        coalesce(ends.service_end_at, 'infinity') as service_end_at,
        row_number() over (
            partition by events.tenant_record_id, events.subscription_id
            order by
                events.effective_at,
                events.kind in ('CREATE', 'TRANSFER') desc,
                events.event_record_id
        ) as event_number
    from {{ ref('stg_killbill__subscription_events') }} as events
    inner join ends
        on
            events.tenant_record_id = ends.tenant_record_id
            and events.subscription_id = ends.subscription_id
    where
        events.kind not in ('CANCEL', 'EXPIRED', 'BCD_UPDATE')
        and events.effective_at < coalesce(ends.service_end_at, 'infinity')

),

numbered as (

    select
        *,
        count(plan_name) over event_order as plan_number,
        count(phase_name) over event_order as phase_number,
        count(*) filter (where kind = 'QUANTITY_UPDATE') over event_order as quantity_number,
        lead(effective_at, 1, service_end_at) over event_order as next_at
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

)

-- one row per subscription and [valid_from, valid_to) of one plan, phase and quantity, those that
-- are to come included
select
    subscriptions.tenant_record_id,
    subscriptions.account_record_id,
    accounts.account_id,
    subscriptions.bundle_id,
    subscriptions.subscription_id,
    carried.carried_plan as plan_name,
    carried.carried_price_list as price_list,
    carried.carried_phase as phase_name,
    -- a phase is named after its plan and type
    upper(substring(carried.carried_phase from '[^-]+$')) as phase_type,
    -- what is not above zero is one to the engine
    case when carried.carried_quantity > 0 then carried.carried_quantity else 1 end as quantity,
    carried.plan_changed_at,
    carried.event_id,
    carried.created_at as event_recorded_at,
    carried.effective_at as valid_from,
    carried.next_at as valid_to
from carried
inner join subscriptions
    on
        carried.tenant_record_id = subscriptions.tenant_record_id
        and carried.subscription_id = subscriptions.subscription_id
inner join accounts
    on
        subscriptions.tenant_record_id = accounts.tenant_record_id
        and subscriptions.account_record_id = accounts.account_record_id
where carried.effective_at < carried.next_at and carried.carried_plan is not null
