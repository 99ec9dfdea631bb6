{#- Type of amounts in the reporting currency: an amount of ten decimals times a rate of twelve is
    exact in twenty-two; amounts that are not converted keep their ten. -#}
{% macro reporting_money() -%}
    {{ "numeric(38, 22)" if option("reporting_currency") else "numeric(28, 10)" }}
{%- endmacro %}
