{#- The distinct values of a text column in one text, in order, separated by commas. -#}
{% macro joined_text(column) -%}
    string_agg(distinct {{ column }}, ', ' order by {{ column }})
{%- endmacro %}
