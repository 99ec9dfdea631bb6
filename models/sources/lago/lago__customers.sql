{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

customers as (

    select * from {{ ref('stg_lago__customers') }}

),

attributes as (

    select * from {{ ref('stg_lago__customer_attributes') }}

)

-- one row per customer
select
    'lago' as billing_source,
    customers.tenant_id::text as tenant_id,
    customers.customer_id::text as customer_id,
    null::text as parent_customer_id,
    customers.external_id::text as external_id,
    customers.name::text as name,
    coalesce(customers.country, 'unknown')::text as country,
    customers.currency::text as currency,
    customers.created_at,
    customers.deleted_at,
    (customers.account_type is not distinct from 'partner') as is_excluded,
    case
        when customers.account_type = 'partner' then 'partner account, billed by itself'
    end::text as excluded_because,
    coalesce(attributes.metadata, '{}') as attributes
from customers
left join attributes on customers.customer_id = attributes.customer_id
where customers.tenant_id is not null
