-- one row per account
select
    'homegrown' as billing_source,
    'default' as tenant_id,
    id::text as customer_id,
    null::text as parent_customer_id,
    null::text as external_id,
    name,
    coalesce(country, 'unknown') as country,
    null::text as currency,
    created_at,
    null::timestamptz as deleted_at,
    false as is_excluded,
    null::text as excluded_because,
    jsonb_strip_nulls(jsonb_build_object('segment', segment)) as attributes
from {{ source('homegrown', 'accounts') }}
