{#- For a model that joins on several columns of which some have few values, such as a tenant or a
    currency: with statistics of none of them together PostgreSQL would sort by those, and compare
    every row of a value with every other. -#}
{% macro with_hash_joins() -%}
    {{ without_nested_loops() }}; set local enable_mergejoin = off
{%- endmacro %}
