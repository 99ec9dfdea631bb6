{{ config(materialized = 'view') }}

with

items as (

    select * from {{ ref('item_mrr') }}

),

items_of_members as (

    select * from {{ ref('item_mrr') }}

),

members as (

    select * from {{ ref('segment_members') }}

)

-- one row per group, item and unbroken [from_window, to_window) of netting windows at whose end
-- it has this MRR
{{ with_rows_of_segments('items', [
    'customer_id', 'subscription_id', 'from_window', 'to_window', 'plan', 'product', 'currency',
    'country', 'billing_interval', 'mrr'
]) }}
