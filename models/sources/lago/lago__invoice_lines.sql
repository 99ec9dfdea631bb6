{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

-- one row per billed line of a real invoice
select
    null::text as billing_source,
    null::text as tenant_id,
    null::text as customer_id,
    null::text as subscription_id,
    null::text as invoice_id,
    null::text as line_id,
    null::text as kind,
    null::text as plan,
    null::text as product,
    null::text as currency,
    null::timestamptz as service_from,
    null::timestamptz as service_to,
    null::text as period_unit,
    null::integer as period_count,
    null::numeric(28, 10) as amount,
    null::numeric(28, 10) as discount,
    null::numeric(28, 10) as tax,
    null::timestamptz as invoiced_at,
    null::timestamptz as paid_at,
    null::numeric(28, 10) as refunded,
    null::text as source_table,
    null::text as source_row_id
where false
