{#- What turns an amount of a relation into its reporting currency, given the rates left joined to it.
    An amount in that currency, or of any currency, needs none. -#}
{% macro multiplier(amounts, currency="currency") -%}
    case
        when {{ amounts }}.{{ currency }} = {{ amounts }}.reporting_currency then 1
        else rates.multiplier
    end
{%- endmacro %}
