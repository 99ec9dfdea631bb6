{{ config(materialized = 'view') }}

with

amounts as (

    select * from {{ ref('committed_amounts') }}

),

amounts_of_members as (

    select * from {{ ref('committed_amounts') }}

),

members as (

    select * from {{ ref('segment_members') }}

)

-- one row per group, horizon, subscription and dimension tuple in force now or then
{{ with_rows_of_segments('amounts', [
    'horizon_days', 'customer_id', 'subscription_id', 'is_trial', 'plan', 'product', 'currency',
    'country', 'billing_interval', 'reporting_currency', 'counts_then', 'mrr_now', 'mrr_then'
]) }}
