{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

),

issues as (

    select * from {{ ref('killbill_issues') }}

),

found as (

    select
        accounts.tenant_id,
        accounts.account_id as customer_id,
        checks.issue,
        'accounts' as source_table,
        accounts.account_id as source_row_id
    from accounts
    cross join
        lateral (
            values
            ('tenant_missing', accounts.tenant_id is null),
            ('unknown_timezone', accounts.has_unknown_timezone)
        ) as checks (issue, is_found)
    where checks.is_found

)

-- one row per billing row and reason why it could not be used as it is
select
    'killbill' as billing_source,
    coalesce(found.tenant_id, 'unknown')::text as tenant_id,
    found.customer_id::text as customer_id,
    found.issue::text as issue,
    case when issues.is_quarantined then 'error' else 'warning' end as severity,
    issues.is_quarantined,
    issues.surface_relation::text as surface_relation,
    found.source_table::text as source_table,
    found.source_row_id::text as source_row_id,
    issues.detail::text as detail
from found
left join issues on found.issue = issues.issue
