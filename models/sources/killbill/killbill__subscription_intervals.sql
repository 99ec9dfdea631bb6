{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

priced_states as (

    select * from {{ ref('int_killbill__priced_states') }}

),

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

)

-- one row per subscription and unbroken [valid_from, valid_to) in which no fact changes
select
    'killbill' as billing_source,
    accounts.tenant_id::text as tenant_id,
    priced_states.account_id::text as customer_id,
    priced_states.subscription_id::text as subscription_id,
    priced_states.subscription_id::text as item_id,
    priced_states.valid_from,
    nullif(priced_states.valid_to, 'infinity') as valid_to,
    case when priced_states.phase_type = 'TRIAL' then 'trialing' else 'active' end::text as status,
    priced_states.charge_kind::text as charge_kind,
    priced_states.parent_plan::text as plan,
    priced_states.plan_name::text as actual_plan_id,
    coalesce(priced_states.product, priced_states.parent_plan)::text as product,
    priced_states.quantity::numeric(28, 10) as quantity,
    priced_states.amount::numeric(28, 10) as amount,
    priced_states.period_unit::text as period_unit,
    priced_states.period_count::integer as period_count,
    0::numeric(28, 10) as once_discount,
    priced_states.repeating_discount::numeric(28, 10) as repeating_discount,
    0::numeric(28, 10) as forever_discount,
    priced_states.currency::text as currency,
    coalesce(accounts.country, 'unknown')::text as country,
    null::timestamptz as scheduled_end_at,
    null::timestamptz as cancel_requested_at,
    null::timestamptz as cancel_effective_at,
    null::text as cancel_reason,
    null::boolean as is_voluntary_cancel,
    priced_states.history_source::text as history_source,
    priced_states.event_recorded_at as recorded_at,
    'subscription_events' as source_table,
    priced_states.event_id::text as source_row_id
from priced_states
inner join accounts
    on
        priced_states.tenant_record_id = accounts.tenant_record_id
        and priced_states.account_id = accounts.account_id
where accounts.tenant_id is not null
