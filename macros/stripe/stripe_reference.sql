{#- The id that one side of what a table concerns names, as text, in this landing. A column that it
    does not have is looked up in _raw_data. -#}
{% macro stripe_reference(source, found, expression) -%}
    {%- set code = namespace(text=expression) -%}
    {%- for name in source.columns if name not in found -%}
        {%- set value = "(_raw_data -> '" ~ name ~ "')" if "_raw_data" in found else "null::jsonb" -%}
        {%- set code.text = modules.re.sub("(?<!['\\w])" ~ name ~ "(?!['\\w])", value, code.text) -%}
    {%- endfor -%}
    {{ stripe_id("to_jsonb(" ~ code.text ~ ")") }}
{%- endmacro %}
