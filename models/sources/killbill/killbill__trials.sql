{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

states as (

    select * from {{ ref('int_killbill__subscription_states') }}

),

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

)

-- one row per trial of a subscription
select distinct on (accounts.tenant_id, states.subscription_id)
    'killbill' as billing_source,
    accounts.tenant_id::text as tenant_id,
    states.account_id::text as customer_id,
    states.subscription_id::text as subscription_id,
    states.plan_name::text as plan,
    states.valid_from as started_at,
    states.valid_to as ends_at,
    null::timestamptz as cancelled_at,
    'subscription_events' as source_table,
    states.event_id::text as source_row_id
from states
inner join accounts
    on
        states.tenant_record_id = accounts.tenant_record_id
        and states.account_id = accounts.account_id
where states.phase_type = 'TRIAL' and accounts.tenant_id is not null
order by accounts.tenant_id, states.subscription_id, states.valid_from
