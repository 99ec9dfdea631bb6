{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

landed as (

    select * from {{ ref('stg_stripe__customers') }}

),

live_tenants as (

    select * from {{ ref('int_stripe__live_tenants') }}
    where source_table = 'customers'

),

named as (

    select
        tenant_id,
        customer_id
    from {{ ref('stg_stripe__subscriptions') }}

    union

    select
        tenant_id,
        customer_id
    from {{ ref('stg_stripe__invoices') }}

),

-- What a subscription or an invoice names and has not landed, or was deleted there, paid all the
-- same.
missing as (

    select
        named.tenant_id,
        named.customer_id
    from named
    left join landed
        on named.tenant_id = landed.tenant_id and named.customer_id = landed.customer_id
    where named.customer_id is not null and landed.customer_id is null

),

customers as (

    select
        landed.tenant_id,
        landed.customer_id,
        landed.name,
        landed.country,
        landed.currency,
        landed.created_at,
        coalesce(landed.is_test and live_tenants.tenant_id is not null, false) as is_test,
        landed.metadata
    from landed
    left join live_tenants on landed.tenant_id = live_tenants.tenant_id

    union all

    select
        tenant_id,
        customer_id,
        null as name,
        null as country,
        null as currency,
        null as created_at,
        false as is_test,
        null as metadata
    from missing

)

-- one row per customer, deleted ones included
select
    'stripe' as billing_source,
    tenant_id::text as tenant_id,
    customer_id::text as customer_id,
    null::text as parent_customer_id,
    null::text as external_id,
    name::text as name,
    coalesce(country, 'unknown')::text as country,
    currency::text as currency,
    created_at,
    -- that a customer was deleted lands, and not when
    null::timestamptz as deleted_at,
    is_test as is_excluded,
    case when is_test then 'test mode' end::text as excluded_because,
    coalesce(metadata, '{}') as attributes
from customers
