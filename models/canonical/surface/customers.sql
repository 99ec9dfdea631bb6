{{ config(materialized = 'view') }}

-- one row per billing source, tenant and customer
{{ union_sources('customers', [
    'billing_source', 'tenant_id', 'customer_id', 'parent_customer_id', 'external_id', 'name',
    'country', 'currency', 'created_at', 'deleted_at', 'is_excluded', 'excluded_because',
    'attributes'
]) }}
