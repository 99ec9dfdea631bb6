with

issues as (

    select * from {{ ref('issues_found') }}

)

-- one row per thing wrong with a row of the billing data or the exchange rates
select
    billing_source,
    tenant_id,
    customer_id,
    issue,
    severity,
    is_quarantined,
    metrics_affected,
    source_table,
    source_row_id,
    detail,
    found_at,
    '{{ definitions_hash() }}'::text as definitions_hash
from issues
