with

customers as (

    select * from {{ ref('customers') }}

)

-- one row per tenant
select
    billing_source,
    tenant_id,
    count(*) as customers
from customers
group by billing_source, tenant_id
