{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

states as (

    select
        tenant_id,
        subscription_id
    from {{ ref('int_stripe__states') }}
    where is_handover and state ->> 'status' in ('unpaid', 'canceled')

),

invoices as (

    select * from {{ ref('stg_stripe__invoices') }}

),

delinquencies as (

    select * from {{ ref('int_stripe__delinquencies') }}

),

unpaid as (

    select
        states.tenant_id,
        states.subscription_id,
        max(delinquencies.late_from) as late_from
    from states
    inner join delinquencies
        on
            states.tenant_id = delinquencies.tenant_id
            and states.subscription_id = delinquencies.subscription_id
    where delinquencies.late_to = 'infinity'
    group by states.tenant_id, states.subscription_id

)

-- one row per subscription that is unpaid, or was in the end, with the first invoice that was left
-- a draft after one that was never paid. Nothing says when exactly it became so
select
    unpaid.tenant_id,
    unpaid.subscription_id,
    min(invoices.created_at) as unpaid_from
from unpaid
inner join invoices
    on
        unpaid.tenant_id = invoices.tenant_id
        and unpaid.subscription_id = invoices.subscription_id
        and unpaid.late_from < invoices.created_at
where invoices.status = 'draft'
group by unpaid.tenant_id, unpaid.subscription_id
