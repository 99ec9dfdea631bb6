{{ config(materialized = 'view') }}

{%- set kept %}
    select
        billing_source,
        tenant_id,
        customer_id,
        movement_date as from_date,
        next_date as to_date
    from {{ ref('paying_states') }}
    where is_kept and (next_date is null or movement_date < next_date)
{%- endset %}
-- noqa: disable=LT02

with

kept_customers as (
{{ kept }}

),

kept_customers_of_members as (
{{ kept }}

),

members as (

    select * from {{ ref('segment_members') }}

)

-- one row per group, customer and [from_date, to_date) of days at whose end it pays nothing any
-- more, and stays with something free
{{ with_rows_of_segments('kept_customers', ['customer_id', 'from_date', 'to_date']) }}
