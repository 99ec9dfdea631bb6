{{ config(materialized = 'view') }}

with

options as (

    select * from {{ options_in_force() }} as choices (option, value, default_value, effect)

)

-- one row per option of the set of definitions in force
select
    option,
    value,
    default_value,
    effect,
    '{{ definitions_hash() }}'::text as definitions_hash,
    {{ run_instant() }} as observed_at
from options
