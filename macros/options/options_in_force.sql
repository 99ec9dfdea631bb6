{#- A set of every option with its value in force, its default and its effect. -#}
{% macro options_in_force() -%}
    (
        values
        {%- for choice in option_catalogue() %}
        (
            {%- set texts = [
                choice.name, option_text(var("tidemill_" ~ choice.name)),
                option_text(choice.default), choice.effect
            ] -%}
            {%- for text in texts %}
            '{{ dbt.escape_single_quotes(text) }}'{{ "," if not loop.last }}
            {%- endfor %}
        ){{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- The value of an option as it is written in YAML. -#}
{% macro option_text(value) -%}
    {{ value if value is string else tojson(value) }}
{%- endmacro %}
