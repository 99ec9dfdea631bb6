{#- What a price asks for a quantity, in major units: packages are counted whole. Null where the
    price has no amount for one unit, as tiers have not. -#}
{% macro stripe_list_amount(prices, quantity, unit_amount_minor, currencies="currencies") -%}
    {{ unit_amount_minor }}
    * {{ stripe_packages(prices, quantity) }}
    / coalesce({{ currencies }}.subunit_to_unit, 100)::numeric
{%- endmacro %}

{#- How many of what a price counts a quantity is. -#}
{% macro stripe_packages(prices, quantity) -%}
    case
        when {{ prices }}.divide_by > 0 and {{ prices }}.divide_round = 'down'
            then floor({{ quantity }} / {{ prices }}.divide_by)
        when {{ prices }}.divide_by > 0 then ceil({{ quantity }} / {{ prices }}.divide_by)
        else {{ quantity }}
    end
{%- endmacro %}

{#- The amount of one unit in a currency, which may be one of the price's other currencies. -#}
{% macro stripe_unit_amount(prices, currency) -%}
    case
        when {{ prices }}.billing_scheme = 'tiered' then null
        when {{ currency }} is not distinct from {{ prices }}.price_currency
            then {{ prices }}.unit_amount_minor
        else coalesce(
            {{ stripe_number(prices ~ ".currency_options -> lower(" ~ currency ~ ") -> 'unit_amount_decimal'") }},
            {{ stripe_number(prices ~ ".currency_options -> lower(" ~ currency ~ ") -> 'unit_amount'") }}
        )
    end
{%- endmacro %}
