{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

live_tenants as (

    select * from {{ ref('int_stripe__live_tenants') }}
    where source_table = 'subscriptions'

),

subscriptions as (

    select
        landed.*,
        landed.is_test and live_tenants.tenant_id is not null as is_apart
    from {{ ref('stg_stripe__subscriptions') }} as landed
    left join live_tenants on landed.tenant_id = live_tenants.tenant_id

),

invoices as (

    select * from {{ ref('stg_stripe__invoices') }}

),

counted as (

    select * from {{ ref('int_stripe__subscriptions') }}

),

-- Stripe gives a first payment 23 hours. Where events are kept, they may say what came of it.
incomplete as (

    select
        subscriptions.tenant_id,
        subscriptions.customer_id,
        'subscription_left_incomplete' as issue,
        'subscriptions' as source_table,
        subscriptions.subscription_id as source_row_id
    from subscriptions
    left join counted
        on
            subscriptions.tenant_id = counted.tenant_id
            and subscriptions.subscription_id = counted.subscription_id
    where
        subscriptions.status = 'incomplete'
        and subscriptions.created_at < {{ as_of_instant() }} - interval '1 day'
        and subscriptions.is_apart is not true
        and counted.subscription_id is null

),

-- Stripe finalizes these as soon as they are made (renewals are drafts for an hour), unless it is
-- told not to collect; one of nothing is no loss.
drafts as (

    select
        invoices.tenant_id,
        invoices.customer_id,
        'invoice_left_draft' as issue,
        'invoices' as source_table,
        invoices.invoice_id as source_row_id
    from invoices
    left join subscriptions
        on
            invoices.tenant_id = subscriptions.tenant_id
            and invoices.subscription_id = subscriptions.subscription_id
    where
        invoices.status = 'draft'
        and invoices.billing_reason in ('subscription_create', 'subscription_update')
        and invoices.total <> 0
        and invoices.created_at < {{ as_of_instant() }} - interval '1 day'
        and subscriptions.is_collection_paused is not true
        and subscriptions.status is distinct from 'unpaid'
        and subscriptions.is_apart is not true

)

-- one row per subscription or invoice that the engine keeps as it was for less than a second: of
-- events of one second it takes the first
select
    tenant_id,
    customer_id,
    issue,
    source_table,
    source_row_id
from incomplete

union all

select
    tenant_id,
    customer_id,
    issue,
    source_table,
    source_row_id
from drafts
