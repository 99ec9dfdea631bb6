-- Law: metric rows find the set of definitions they were made under, as the one in force.
with

definitions as (

    select * from {{ ref('definitions') }}

),

metric_definitions as (

    select * from {{ ref('metric_definitions') }}

)

select
    definitions.option,
    metric_definitions.in_force_from
from definitions
full outer join metric_definitions
    on
        definitions.definitions_hash = metric_definitions.definitions_hash
        and definitions.option = metric_definitions.option
        and definitions.value = metric_definitions.value
        and metric_definitions.in_force_to is null
where
    definitions.option is null and metric_definitions.in_force_to is null
    or metric_definitions.option is null
