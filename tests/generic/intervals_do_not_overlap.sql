{#- Half-open intervals that are empty, or begin before the one before them has ended. -#}
{% test intervals_do_not_overlap(model, partition_by, from_column, to_column) %}
with

neighbours as (

    select
        *,
        lead({{ from_column }}) over (
            partition by {{ partition_by | join(", ") }}
            order by {{ from_column }}, {{ to_column }}
        ) as next_from
    from {{ model }}

)

select *
from neighbours
where
    {{ from_column }} >= {{ to_column }}
    or next_from < {{ to_column }}
    or (next_from is not null and {{ to_column }} is null)
{% endtest %}
