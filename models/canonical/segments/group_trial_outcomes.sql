{{ config(materialized = 'view') }}

with

trials as (

    select * from {{ ref('trial_outcomes') }}

),

trials_of_members as (

    select * from {{ ref('trial_outcomes') }}

),

members as (

    select * from {{ ref('segment_members') }}

)

-- one row per group and trial that has begun
{{ with_rows_of_segments('trials', [
    'customer_id', 'subscription_id', 'plan', 'country', 'started_at', 'converted_at', 'outcome'
]) }}
