{{ config(materialized = 'view') }}

-- one row per trial of a subscription
{{ union_sources('trials', [
    'billing_source', 'tenant_id', 'customer_id', 'subscription_id', 'plan', 'started_at',
    'ends_at', 'cancelled_at', 'source_table', 'source_row_id'
]) }}
