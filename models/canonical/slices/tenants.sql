with

customers as (

    select * from {{ ref('group_customers') }}

)

-- one row per tenant, and per segment that has customers there
select
    billing_source,
    tenant_id,
    {{ segment_of_group('tenant_id') }} as segment,
    count(*) as customers
from customers
group by billing_source, tenant_id
