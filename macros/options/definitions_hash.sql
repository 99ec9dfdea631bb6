{#- The set of definitions in force in one word: every metric row carries it, and
    metric_definitions says what it stands for. -#}
{% macro definitions_hash() -%}
    {%- set pairs = [] -%}
    {%- for choice in option_catalogue() -%}
        {%- do pairs.append(choice.name ~ "=" ~ option_text(var("tidemill_" ~ choice.name))) -%}
    {%- endfor -%}
    {{ local_md5(pairs | sort | join("\n")) }}
{%- endmacro %}
