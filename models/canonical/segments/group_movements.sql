{{ config(materialized = 'view') }}

with

movements as (

    select * from {{ ref('mrr_movements') }}

),

movements_of_members as (

    select * from {{ ref('mrr_movements') }}

),

members as (

    select * from {{ ref('segment_members') }}

)

-- one row per group and movement
{{ with_rows_of_segments('movements', [
    'customer_id', 'movement_date', 'movement_type', 'reason', 'plan', 'product', 'currency',
    'country', 'billing_interval', 'amount', 'reporting_currency', 'reporting_amount',
    'is_voluntary'
]) }}
