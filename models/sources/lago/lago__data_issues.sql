{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

-- one row per billing row that could not be used as it is
select
    null::text as billing_source,
    null::text as tenant_id,
    null::text as customer_id,
    null::text as issue,
    null::text as severity,
    null::boolean as is_quarantined,
    null::text as source_table,
    null::text as source_row_id,
    null::text as detail
where false
