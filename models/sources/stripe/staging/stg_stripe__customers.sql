{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

customers as (

    select
        source_rows.tenant_id,
        parsed.*
    from {{ stripe_rows('customers') }} as source_rows
    cross join
        lateral jsonb_to_record(source_rows.doc) as parsed (
            id text,
            name text,
            email text,
            address jsonb,
            shipping jsonb,
            currency text,
            metadata jsonb,
            discount jsonb,
            deleted text,
            livemode text,
            created jsonb
        )

)

-- one row per customer, deleted ones included: they are part of history
select
    customers.tenant_id || ':' || customers.id as customer_key,
    customers.id as customer_id,
    customers.tenant_id,
    coalesce(nullif(customers.name, ''), nullif(customers.email, '')) as name,
    upper(
        coalesce(
            nullif(customers.address ->> 'country', ''),
            nullif(customers.shipping #>> '{address,country}', '')
        )
    ) as country,
    upper(nullif(customers.currency, '')) as currency,
    case when jsonb_typeof(customers.metadata) = 'object' then customers.metadata end as metadata,
    -- a discount of the customer lowers every invoice without one of its own
    case when jsonb_typeof(customers.discount) = 'object' then customers.discount end as discount,
    coalesce(customers.deleted = 'true', false) as is_deleted,
    -- null where an engine does not keep it
    customers.livemode = 'false' as is_test,
    {{ stripe_instant('customers.created') }} as created_at,
    {{ run_instant() }} as observed_at
from customers
where customers.id is not null
