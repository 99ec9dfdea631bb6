{#- For a model that takes each document apart once: PostgreSQL would keep a copy of every one, in case
    the same came again. -#}
{% macro without_memoize() -%}
    set local enable_memoize = off
{%- endmacro %}
