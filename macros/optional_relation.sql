{#- The relation if it exists, else an empty one with the columns named (a dict of name: type). -#}
{% macro optional_relation(relation, columns) -%}
    {%- set existing = none -%}
    {%- if execute -%}
        {%- set existing = adapter.get_relation(
            relation.database, relation.schema, relation.identifier
        ) -%}
    {%- endif -%}
    {%- if existing -%}
    {{ existing }}
    {%- else -%}
    (
        select
            {%- for name, type in columns.items() %}
            null::{{ type }} as {{ adapter.quote(name) }}{{ "," if not loop.last }}
            {%- endfor %}
        where false
    )
    {%- endif -%}
{%- endmacro %}
