{#- The relation if it exists, else an empty one with the columns named (a dict of name: type).

    The catalog is asked, not adapter.get_relation: dbt fills its cache of a schema relation by
    relation, and a model compiled meanwhile on another thread finds half of them missing. -#}
{% macro optional_relation(relation, columns) -%}
    {%- set exists = false -%}
    {%- if execute -%}
        {%- set name = relation.include(database=false) | string -%}
        {%- set exists = run_query(
            "select to_regclass('" ~ dbt.escape_single_quotes(name) ~ "') is not null"
        ).columns[0].values()[0] -%}
    {%- endif -%}
    {%- if exists -%}
    {{ relation }}
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
