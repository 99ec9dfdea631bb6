{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

trials as (

    select
        tenant_id,
        customer_id,
        subscription_id,
        coalesce(trial_started_at, started_at) as started_at,
        trial_ends_at as ends_at,
        ended_at
    from {{ ref('stg_stripe__subscriptions') }}
    where
        coalesce(trial_started_at, started_at) < trial_ends_at
        and customer_id is not null
        -- these never lived
        and status not in ('incomplete', 'incomplete_expired')

),

lines as (

    select lines.*
    from {{ ref('stg_stripe__invoice_lines') }} as lines
    inner join trials
        on lines.tenant_id = trials.tenant_id and lines.subscription_id = trials.subscription_id

),

items as (

    select * from {{ ref('stg_stripe__subscription_items') }}

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

-- What was tried first is what the first invoice bills, for nothing; else what is there now.
tried as (

    select
        tenant_id,
        subscription_id,
        price_id,
        1 as preference,
        service_from as tried_at,
        item_id
    from lines
    where item_id is not null and price_id is not null

    union all

    select
        tenant_id,
        subscription_id,
        price_id,
        2 as preference,
        created_at as tried_at,
        item_id
    from items
    where price_id is not null

),

-- of several items the dearest for one, that names the plan a customer thinks of
first_tried as (

    select distinct on (tried.tenant_id, tried.subscription_id)
        tried.tenant_id,
        tried.subscription_id,
        prices.plan
    from tried
    inner join prices on tried.tenant_id = prices.tenant_id and tried.price_id = prices.price_id
    order by
        tried.tenant_id,
        tried.subscription_id,
        tried.preference,
        tried.tried_at,
        prices.is_metered,
        prices.unit_amount_minor desc nulls last,
        tried.item_id
)

-- one row per trial of a subscription, the last one that it had
select
    'stripe' as billing_source,
    trials.tenant_id::text as tenant_id,
    trials.customer_id::text as customer_id,
    trials.subscription_id::text as subscription_id,
    coalesce(first_tried.plan, 'unknown')::text as plan,
    trials.started_at,
    trials.ends_at,
    case when trials.ended_at <= trials.ends_at then trials.ended_at end as cancelled_at,
    'subscriptions' as source_table,
    trials.subscription_id::text as source_row_id
from trials
left join first_tried
    on
        trials.tenant_id = first_tried.tenant_id
        and trials.subscription_id = first_tried.subscription_id
