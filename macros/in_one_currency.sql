{#- An amount, or null in rows that speak of customers whatever the currency: the sum would mix them. -#}
{% macro in_one_currency(amount) -%}
    case when reporting_currency <> 'any' then {{ amount }} end
{%- endmacro %}
