{#- The facts of a price, from the object that an item or a line embeds, or from its older form, a
    plan. Amounts stay in minor units: whoever knows the currency brings them to major ones. -#}
{% macro stripe_price(price, plan) -%}
    coalesce({{ stripe_id(price) }}, {{ stripe_id(plan) }}) as price_id,
    coalesce({{ stripe_id(price ~ " -> 'product'") }}, {{ stripe_id(plan ~ " -> 'product'") }})
        as product_id,
    upper(coalesce({{ price }} ->> 'currency', {{ plan }} ->> 'currency')) as price_currency,
    coalesce(
        {{ stripe_number(price ~ " -> 'unit_amount_decimal'") }},
        {{ stripe_number(price ~ " -> 'unit_amount'") }},
        {{ stripe_number(plan ~ " -> 'amount_decimal'") }},
        {{ stripe_number(plan ~ " -> 'amount'") }}
    ) as unit_amount_minor,
    coalesce({{ price }} #>> '{recurring,interval}', {{ plan }} ->> 'interval') as period_unit,
    coalesce(
        {{ stripe_number(price ~ " #> '{recurring,interval_count}'") }},
        {{ stripe_number(plan ~ " -> 'interval_count'") }}
    )::integer as period_count,
    coalesce({{ price }} #>> '{recurring,usage_type}', {{ plan }} ->> 'usage_type') as usage_type,
    coalesce({{ price }} ->> 'billing_scheme', {{ plan }} ->> 'billing_scheme') as billing_scheme,
    coalesce(
        {{ stripe_number(price ~ " #> '{transform_quantity,divide_by}'") }},
        {{ stripe_number(plan ~ " #> '{transform_usage,divide_by}'") }}
    ) as divide_by,
    coalesce({{ price }} #>> '{transform_quantity,round}', {{ plan }} #>> '{transform_usage,round}')
        as divide_round,
    {{ price }} ->> 'tax_behavior' as tax_behavior,
    coalesce({{ price }} ->> 'nickname', {{ plan }} ->> 'nickname') as nickname,
    {{ price }} ->> 'lookup_key' as lookup_key
{%- endmacro %}
