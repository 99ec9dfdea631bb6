{#- For a model that groups and then joins on several columns: PostgreSQL takes what comes of that
    for one row, and would walk through the other side once for each of the many. Before version 18
    a plan that cannot do without loops looks so dear that it would be compiled, too. -#}
{% macro without_nested_loops() -%}
    set local enable_nestloop = off; set local jit = off
{%- endmacro %}
