{{ config(materialized = 'view') }}

with

customers as (

{{ union_sources('customers', [
    'billing_source', 'tenant_id', 'customer_id', 'parent_customer_id', 'external_id', 'name',
    'country', 'currency', 'created_at', 'deleted_at', 'is_excluded', 'excluded_because',
    'attributes'
]) }}

),

loaded as (

    select * from {{ source('inputs', 'customer_attributes') }}

),

loaded_by_external_id as (

    select * from {{ source('inputs', 'customer_attributes') }}

)

-- one row per billing source, tenant and customer; what people have loaded of one goes before what
-- its engine says
select
    customers.billing_source,
    customers.tenant_id,
    customers.customer_id,
    customers.parent_customer_id,
    customers.external_id,
    customers.name,
    customers.country,
    customers.currency,
    customers.created_at,
    customers.deleted_at,
    customers.is_excluded,
    customers.excluded_because,
    coalesce(customers.attributes, '{}')
    || coalesce(loaded_by_external_id.attributes, '{}')
    || coalesce(loaded.attributes, '{}') as attributes
from customers
left join loaded_by_external_id on customers.external_id = loaded_by_external_id.customer_id
left join loaded on customers.customer_id = loaded.customer_id
