-- one row per row that could not be used as it is: none, this ledger checks its own
select
    null::text as billing_source,
    null::text as tenant_id,
    null::text as customer_id,
    null::text as issue,
    null::text as severity,
    null::boolean as is_quarantined,
    null::text as surface_relation,
    null::text as source_table,
    null::text as source_row_id,
    null::text as detail
where false
