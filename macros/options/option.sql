{#- The value of an option as text; empty when it is null. -#}
{% macro option(name) -%}
    {%- set value = var("tidemill_" ~ name) -%}
    {%- if value is boolean -%}{{ value | string | lower }}
    {%- elif value is not none -%}{{ value }}
    {%- endif -%}
{%- endmacro %}

{#- The whole number in the value of an option: 15 in churn_after_days(15), 3 in trailing_3. -#}
{% macro option_number(name) -%}
    {{ modules.re.search("\\d+", option(name)).group() }}
{%- endmacro %}

{#- The values of a list option as SQL literals, separated by commas: texts quoted, numbers as they are. -#}
{% macro option_list(name) -%}
    {%- for value in var("tidemill_" ~ name) -%}
        {{ value if value is number else "'" ~ value | string | replace("'", "''") ~ "'" }}{{ ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
