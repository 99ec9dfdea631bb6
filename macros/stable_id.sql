{#- A number that depends on the values of the columns alone, never on what other rows there are.

    As JSON the values cannot run into each other. Different ones share 64 bits by chance only:
    among a million ids with odds of 1 to 37 million, so what relies on them tests for it with
    stands_for_one. -#}
{% macro stable_id(columns) -%}
    hashtextextended(jsonb_build_array({{ columns | join(", ") }})::text, 0)
{%- endmacro %}
