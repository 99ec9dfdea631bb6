{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

invoiced as (

    select * from {{ ref('int_stripe__invoiced_points') }}

),

first_states as (

    select
        tenant_id,
        subscription_id,
        valid_from
    from {{ ref('int_stripe__states') }}
    where state_number = 1

),

stated as (

    select * from {{ ref('int_stripe__stated_changes') }}

),

handovers as (

    select * from {{ ref('int_stripe__handovers') }}

),

scheduled as (

    select * from {{ ref('int_stripe__scheduled_changes') }}

),

-- Invoices tell what was before the states.
from_invoices as (

    select invoiced.*
    from invoiced
    left join first_states
        on
            invoiced.tenant_id = first_states.tenant_id
            and invoiced.subscription_id = first_states.subscription_id
    where
        first_states.subscription_id is null
        or invoiced.stated_from < first_states.valid_from

)

-- one row per item and instant at which a source says that it changed; of several sources the
-- first by preference is right
select
    tenant_id,
    subscription_id,
    item_id,
    changed_at,
    price_id,
    currency,
    quantity,
    is_end,
    history_source,
    source_table,
    source_row_id,
    is_date_unknown,
    1 as preference
from stated

union all

select
    tenant_id,
    subscription_id,
    item_id,
    changed_at,
    price_id,
    currency,
    quantity,
    is_end,
    'inferred' as history_source,
    'subscriptions' as source_table,
    subscription_id as source_row_id,
    is_date_unknown,
    2 as preference
from handovers

union all

select
    tenant_id,
    subscription_id,
    item_id,
    stated_from as changed_at,
    price_id,
    currency,
    quantity,
    is_credit as is_end,
    'invoices' as history_source,
    'invoices' as source_table,
    invoice_id as source_row_id,
    false as is_date_unknown,
    3 as preference
from from_invoices

union all

select
    tenant_id,
    subscription_id,
    item_id,
    changed_at,
    price_id,
    currency,
    quantity,
    is_end,
    'inferred' as history_source,
    'subscription_schedules' as source_table,
    schedule_id as source_row_id,
    false as is_date_unknown,
    4 as preference
from scheduled
