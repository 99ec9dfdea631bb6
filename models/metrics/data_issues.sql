with

issues as (

    select * from {{ ref('issues_found') }}

),

clock as (

    select * from {{ ref('as_of') }}

)

-- one row per thing wrong with a row of the billing data or the exchange rates
select
    issues.billing_source,
    issues.tenant_id,
    issues.customer_id,
    issues.issue,
    issues.severity,
    issues.is_quarantined,
    issues.metrics_affected,
    issues.source_table,
    issues.source_row_id,
    issues.detail,
    clock.as_of as found_at,
    '{{ definitions_hash() }}'::text as definitions_hash
from issues
cross join clock
