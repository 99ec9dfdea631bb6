with

rate_issues as (

    select * from {{ ref('rate_issues') }}

),

issues as (

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
        detail
    from {{ ref('issues_found') }}

    union all

    select
        null as billing_source,
        null as tenant_id,
        null as customer_id,
        issue,
        severity,
        false as is_quarantined,
        'amounts in the reporting currency' as metrics_affected,
        'fx_rates' as source_table,
        currency as source_row_id,
        detail
    from rate_issues

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
