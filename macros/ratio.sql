{#- A rate, ten decimals; null where there is nothing to divide by. -#}
{% macro ratio(numerator, denominator) -%}
    round({{ numerator }} / nullif({{ denominator }}, 0), 10)::numeric(28, 10)
{%- endmacro %}
