{#- Lago writes the last instant of a period (23:59:59.999 or .999999): make it half-open. -#}
{% macro end_of_period(instant) -%}
    date_trunc('milliseconds', {{ instant }} + interval '1 millisecond')
{%- endmacro %}
