{{ config(materialized = 'view') }}

-- one row per billed line of a real invoice
{{ union_sources('invoice_lines', [
    'billing_source', 'tenant_id', 'customer_id', 'subscription_id', 'invoice_id', 'line_id',
    'kind', 'plan', 'product', 'currency', 'service_from', 'service_to', 'period_unit',
    'period_count', 'amount', 'discount', 'tax', 'invoiced_at', 'paid_at', 'refunded',
    'source_table', 'source_row_id'
]) }}
