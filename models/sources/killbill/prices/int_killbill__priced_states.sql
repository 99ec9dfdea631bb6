{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

states as (

    select * from {{ ref('int_killbill__subscription_states') }}

),

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

)

-- one row per subscription and [valid_from, valid_to) of one plan, phase, quantity and price
select
    states.tenant_record_id,
    states.account_record_id,
    states.account_id,
    states.bundle_id,
    states.subscription_id,
    states.plan_name,
    states.price_list,
    states.phase_name,
    states.phase_type,
    states.quantity,
    states.plan_changed_at,
    states.event_id,
    states.event_recorded_at,
    states.valid_from,
    states.valid_to,
    states.plan_name as parent_plan,
    null::text as product,
    null::text as category,
    'MONTHLY' as billing_period,
    'month' as period_unit,
    1 as period_count,
    accounts.currency,
    'licensed' as charge_kind,
    0::numeric as amount,
    0::numeric as repeating_discount,
    null::numeric as catalog_amount,
    null::numeric as invoiced_amount,
    'events' as history_source
from states
inner join accounts
    on
        states.tenant_record_id = accounts.tenant_record_id
        and states.account_id = accounts.account_id
