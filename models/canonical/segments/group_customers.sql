{{ config(materialized = 'view') }}

with

customers as (

    select * from {{ ref('customers') }}

),

customers_of_members as (

    select * from {{ ref('customers') }}

),

members as (

    select * from {{ ref('segment_members') }}

)

-- one row per group and customer
{{ with_rows_of_segments('customers', [
    'customer_id', 'parent_customer_id', 'external_id', 'created_at', 'is_excluded', 'attributes'
]) }}
