{#- Days ahead that committed MRR looks, as column horizon_days. -#}
{% macro committed_horizons() -%}
    (
        values ({{ option_list("committed_horizons").split(", ") | join("), (") }})
    )
{%- endmacro %}
