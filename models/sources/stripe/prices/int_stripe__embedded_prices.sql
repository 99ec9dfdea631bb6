{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

items as (

    select * from {{ ref('stg_stripe__subscription_items') }}

),

lines as (

    select * from {{ ref('stg_stripe__invoice_lines') }}

),

embedded as (

    select
        tenant_id,
        price_id,
        product_id,
        period_unit,
        period_count,
        usage_type,
        billing_scheme,
        divide_by,
        divide_round,
        tax_behavior,
        nickname,
        lookup_key
    from items

    union all

    select
        tenant_id,
        price_id,
        product_id,
        period_unit,
        period_count,
        usage_type,
        billing_scheme,
        divide_by,
        divide_round,
        tax_behavior,
        nickname,
        lookup_key
    from lines

)

-- one row per price that an item or a line names, and whether it embeds the price or has its id
-- alone, with what is said of it
select
    tenant_id,
    price_id,
    coalesce(billing_scheme, period_unit) is not null as is_embedded,
    max(product_id) as product_id,
    max(period_unit) as period_unit,
    max(period_count) as period_count,
    max(usage_type) as usage_type,
    max(billing_scheme) as billing_scheme,
    max(divide_by) as divide_by,
    max(divide_round) as divide_round,
    bool_or(tax_behavior = 'inclusive') as has_tax_included,
    max(nickname) as nickname,
    max(lookup_key) as lookup_key
from embedded
where price_id is not null
group by tenant_id, price_id, coalesce(billing_scheme, period_unit) is not null
