{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

events as (

    select * from {{ ref('int_stripe__event_states') }}

)

-- one row per tenant with the instant to which the table of events reaches; in a refresh others
-- come, and the latest is right
select
    tenant_id,
    max(created_at) as told_to
from events
where created_at is not null
group by tenant_id
