{#- Collect statistics on the relation just built, unless it is a view. -#}
{% macro analyze_relation() -%}
    {%- if "table" in config.get("materialized") -%}
    analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
