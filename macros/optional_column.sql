{#- The column if this release of the engine has it, else a typed null. -#}
{% macro optional_column(relation, column, type) -%}
    {%- set found = namespace(it=false) -%}
    {%- if execute -%}
        {%- for existing in adapter.get_columns_in_relation(relation) if existing.name == column -%}
            {%- set found.it = true -%}
        {%- endfor -%}
    {%- endif -%}
    {{ adapter.quote(column) if found.it else "null::" ~ type }}
{%- endmacro %}
