{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select
        source_rows.tenant_id,
        parsed.id as subscription_id,
        parsed.items,
        coalesce(parsed.items ->> 'has_more' = 'true', false) as has_more_items
    from {{ stripe_rows('subscriptions') }} as source_rows
    cross join lateral jsonb_to_record(source_rows.doc) as parsed (id text, items jsonb)

),

embedded as (

    select
        subscriptions.tenant_id,
        subscriptions.subscription_id,
        parsed.id as item_id,
        parsed.price,
        parsed.plan,
        parsed.quantity,
        parsed.created,
        parsed.current_period_end
    from subscriptions
    cross join
        lateral jsonb_to_recordset({{ stripe_list('subscriptions.items') }}) as parsed (
            id text,
            price jsonb,
            plan jsonb,
            quantity jsonb,
            created jsonb,
            current_period_end jsonb
        )

),

landed as (

    select
        source_rows.tenant_id,
        {{ stripe_id('parsed.subscription') }} as subscription_id,
        parsed.id as item_id,
        parsed.price,
        parsed.plan,
        parsed.quantity,
        parsed.created,
        parsed.current_period_end,
        coalesce(parsed.deleted = 'true', false) as is_deleted
    from {{ stripe_rows('subscription_items') }} as source_rows
    cross join
        lateral jsonb_to_record(source_rows.doc) as parsed (
            id text,
            subscription jsonb,
            price jsonb,
            plan jsonb,
            quantity jsonb,
            created jsonb,
            current_period_end jsonb,
            deleted text
        )

),

-- The table of items is not kept in order: it is only asked for what a subscription's own list,
-- cut off after ten, leaves out.
both_kinds as (

    select * from embedded

    union all

    select
        landed.tenant_id,
        landed.subscription_id,
        landed.item_id,
        landed.price,
        landed.plan,
        landed.quantity,
        landed.created,
        landed.current_period_end
    from landed
    inner join subscriptions
        on
            landed.tenant_id = subscriptions.tenant_id
            and landed.subscription_id = subscriptions.subscription_id
            and subscriptions.has_more_items
    left join embedded
        on landed.tenant_id = embedded.tenant_id and landed.item_id = embedded.item_id
    where embedded.item_id is null and not landed.is_deleted

),

priced as (

    select
        tenant_id,
        subscription_id,
        item_id,
        {{ stripe_number('quantity') }} as quantity,
        {{ stripe_instant('created') }} as created_at,
        {{ stripe_instant('current_period_end') }} as period_ends_at,
        {{ stripe_price('price', 'plan') }}
    from both_kinds
    where item_id is not null

)

-- one row per item that a subscription holds now, or held when it ended
select
    item_id,
    tenant_id,
    subscription_id,
    quantity,
    created_at,
    period_ends_at,
    price_id,
    product_id,
    price_currency,
    unit_amount_minor,
    period_unit,
    period_count,
    usage_type,
    billing_scheme,
    divide_by,
    divide_round,
    tax_behavior,
    nickname,
    lookup_key
from priced
