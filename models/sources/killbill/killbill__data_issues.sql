{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

life_issues as (

    select * from {{ ref('int_killbill__life_issues') }}

),

price_issues as (

    select * from {{ ref('int_killbill__price_issues') }}

),

tenants as (

    select * from {{ ref('stg_killbill__tenants') }}

),

issues as (

    select * from {{ ref('killbill_issues') }}

),

found as (

    select
        tenant_record_id,
        account_id,
        issue,
        source_table,
        source_row_id,
        null as own_detail
    from life_issues

    union all

    select
        tenant_record_id,
        account_id,
        issue,
        source_table,
        source_row_id,
        detail as own_detail
    from price_issues

)

-- one row per row of Kill Bill's and reason why it could not be used as it is
select
    'killbill' as billing_source,
    coalesce(
        tenants.tenant_id, case when found.tenant_record_id = 0 then 'default' end, 'unknown'
    )::text as tenant_id,
    found.account_id::text as customer_id,
    found.issue::text as issue,
    case when issues.is_quarantined then 'error' else 'warning' end as severity,
    issues.is_quarantined,
    issues.surface_relation::text as surface_relation,
    found.source_table::text as source_table,
    found.source_row_id::text as source_row_id,
    coalesce(found.own_detail, issues.detail)::text as detail
from found
left join tenants on found.tenant_record_id = tenants.tenant_record_id
left join issues on found.issue = issues.issue
