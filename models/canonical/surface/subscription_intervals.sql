{{ config(materialized = 'view') }}

-- one row per subscription item and unbroken [valid_from, valid_to) in which no fact changes
{{ union_sources('subscription_intervals', [
    'billing_source', 'tenant_id', 'customer_id', 'subscription_id', 'item_id', 'valid_from',
    'valid_to', 'status', 'charge_kind', 'plan', 'actual_plan_id', 'product', 'quantity', 'amount',
    'period_unit', 'period_count', 'once_discount', 'repeating_discount', 'forever_discount',
    'currency', 'country', 'scheduled_end_at', 'cancel_requested_at', 'cancel_effective_at',
    'cancel_reason', 'is_voluntary_cancel', 'history_source', 'recorded_at', 'source_table',
    'source_row_id'
]) }}
