{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

-- one row per product that was not deleted
select
    parsed.id as product_id,
    source_rows.tenant_id,
    nullif(parsed.name, '') as name
from {{ stripe_rows('products') }} as source_rows
cross join lateral jsonb_to_record(source_rows.doc) as parsed (id text, name text)
where parsed.id is not null
