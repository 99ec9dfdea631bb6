{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

invoices as not materialized (

    select * from {{ ref('stg_stripe__invoices') }}

),

phases as (

    select * from {{ ref('int_stripe__phases') }}

),

missing as (

    select * from {{ ref('int_stripe__missing_subscriptions') }}

),

events as (

    select * from {{ ref('int_stripe__event_states') }}

),

states as (

    select * from {{ ref('int_stripe__states') }}
    where history_source = 'snapshot'

),

due as (

    -- an invoice that was sent is late
    select
        tenant_id,
        customer_id,
        due_at
    from invoices
    where status = 'open' and collection_method = 'send_invoice' and subscription_id is not null

    union

    -- what the engine keeps as it was for less than a second is left behind
    select
        tenant_id,
        customer_id,
        created_at + interval '1 day' as due_at
    from subscriptions
    where status = 'incomplete'

    union

    select
        tenant_id,
        customer_id,
        created_at + interval '1 day' as due_at
    from invoices
    where
        status = 'draft' and billing_reason in ('subscription_create', 'subscription_update')

    union

    -- a subscription that has not landed is no longer believed to go on
    select
        tenant_id,
        customer_id,
        given_up_at as due_at
    from missing

    union

    -- a phase is no plan any more
    select
        tenant_id,
        customer_id,
        starts_at as due_at
    from phases

    union

    -- What was captured right after the last event of all is of that event, too: the next one of
    -- anybody tells.
    select
        events.tenant_id,
        events.customer_id,
        events.created_at + interval '1 hour' as due_at
    from events
    inner join states
        on
            events.tenant_id = states.tenant_id
            and events.subscription_id = states.subscription_id
            and events.created_at <= states.valid_from
            and events.created_at > states.valid_from - interval '1 hour'

)

-- one row per customer and instant that changes its facts, though no row changes and no fact says
-- when
select
    'stripe' as billing_source,
    tenant_id::text as tenant_id,
    customer_id::text as customer_id,
    due_at
from due
where customer_id is not null and due_at is not null
