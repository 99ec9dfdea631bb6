{{ config(materialized = 'view') }}

with

lines as (

    select * from {{ ref('invoice_lines') }}

),

lines_of_members as (

    select * from {{ ref('invoice_lines') }}

),

members as (

    select * from {{ ref('segment_members') }}

)

-- one row per group and invoice line
{{ with_rows_of_segments('lines', [
    'customer_id', 'kind', 'plan', 'product', 'currency', 'amount', 'discount', 'refunded',
    'service_to', 'invoiced_at', 'paid_at'
]) }}
