with

history as (

    select *
    from
        {{ optional_relation(
            ref('definitions_history'),
            {
                'option': 'text', 'value': 'text', 'default_value': 'text', 'effect': 'text',
                'definitions_hash': 'text', 'observed_at': 'timestamptz'
            }
        ) }} as definitions_history

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
