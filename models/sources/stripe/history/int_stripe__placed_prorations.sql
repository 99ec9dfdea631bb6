{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

lines as not materialized (

    select
        tenant_id,
        invoice_id,
        line_id,
        subscription_id,
        item_id,
        price_id,
        service_from,
        is_proration
    from {{ ref('stg_stripe__invoice_lines') }}
    where subscription_id is not null

),

items as (

    select * from {{ ref('stg_stripe__subscription_items') }}

),

unplaced as (

    select *
    from lines
    where item_id is null and is_proration

),

wanted as (

    select distinct
        tenant_id,
        subscription_id
    from unplaced

),

seen as (

    select
        lines.tenant_id,
        lines.subscription_id,
        lines.price_id,
        lines.item_id,
        lines.service_from as seen_at
    from lines
    inner join wanted
        on
            lines.tenant_id = wanted.tenant_id
            and lines.subscription_id = wanted.subscription_id
    where lines.item_id is not null

    union all

    select
        tenant_id,
        subscription_id,
        price_id,
        item_id,
        created_at as seen_at
    from items

),

candidates as (

    select
        tenant_id,
        subscription_id,
        price_id,
        item_id,
        min(seen_at) as first_seen_at
    from seen
    group by tenant_id, subscription_id, price_id, item_id

)

-- one row per proration that names its price but not its item, as newer versions of the API have
-- them, with the item of that price: the last one that was there, else the next one
select distinct on (unplaced.tenant_id, unplaced.invoice_id, unplaced.line_id)
    unplaced.tenant_id,
    unplaced.invoice_id,
    unplaced.line_id,
    coalesce(candidates.item_id, unplaced.subscription_id || ':' || unplaced.price_id) as item_id
from unplaced
left join candidates
    on
        unplaced.tenant_id = candidates.tenant_id
        and unplaced.subscription_id = candidates.subscription_id
        and unplaced.price_id = candidates.price_id
where unplaced.price_id is not null
order by
    unplaced.tenant_id,
    unplaced.invoice_id,
    unplaced.line_id,
    candidates.first_seen_at > unplaced.service_from,
    greatest(
        candidates.first_seen_at - unplaced.service_from,
        unplaced.service_from - candidates.first_seen_at
    ),
    candidates.item_id
