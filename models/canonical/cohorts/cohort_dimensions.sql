{{ config(materialized = 'view') }}

{%- set key = option('cohort_by').partition('attribute:')[2] -%}

with

names as (

    select
        dimension,
        total_dimension,
        is_attribute
    from (
        values
        ('total', 'total', false),
        ('plan', 'total', false),
        ('product', 'total', false),
        ('currency', 'total', false),
        ('country', 'total', false),
        ('billing_interval', 'total', false),
        ('{{ key | replace("'", "''") }}', 'total', true),
        ('source', 'source', false),
        ('overall', 'overall', false),
        ('segment', 'segment', false)
    ) as names (dimension, total_dimension, is_attribute)

)

-- one row per dimension of cohorts: total_dimension is the one that holds all a customer's money
select
    dimension,
    total_dimension,
    is_attribute
from names
where dimension <> ''
