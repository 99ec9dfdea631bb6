{{ config(materialized = 'view') }}

-- one row per billing row that its adapter could not use as it is
{{ union_sources('data_issues', [
    'billing_source', 'tenant_id', 'customer_id', 'issue', 'severity', 'is_quarantined',
    'surface_relation', 'source_table', 'source_row_id', 'detail'
]) }}
