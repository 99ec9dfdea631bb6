{{ config(post_hook = "{{ record_definitions() }}") }}

with

recorded as (

    select
        option,
        value,
        default_value,
        effect,
        definitions_hash,
        observed_at
    from {{ definitions_history() }}

),

definitions as (

    select * from {{ ref('definitions') }}

),

latest as (

    select
        definitions_hash,
        observed_at
    from recorded
    order by observed_at desc
    limit 1

),

-- the set of this build, as long as no reader was pointed at it: the next one, in force from now
unpublished as (

    select
        definitions.option,
        definitions.value,
        definitions.default_value,
        definitions.effect,
        definitions.definitions_hash,
        greatest(
            definitions.observed_at, latest.observed_at + interval '1 microsecond'
        ) as observed_at
    from definitions
    left join latest on definitions.observed_at is not null
    where latest.definitions_hash is distinct from definitions.definitions_hash

),

history as (

    select * from recorded
    union all
    select * from unpublished

),

sets as (

    select
        observed_at,
        lead(observed_at) over (order by observed_at) as replaced_at
    from history
    group by observed_at

)

-- one row per set of definitions that was ever in force and option
select
    sets.observed_at as in_force_from,
    sets.replaced_at as in_force_to,
    history.option,
    history.value,
    history.default_value,
    history.value = history.default_value as is_default,
    history.effect,
    history.definitions_hash
from history
inner join sets on history.observed_at = sets.observed_at
