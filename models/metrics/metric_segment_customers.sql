-- one row per segment and customer that is in it
select
    billing_source,
    tenant_id,
    customer_id,
    segment,
    '{{ definitions_hash() }}'::text as definitions_hash
from {{ ref('segment_members') }}
