{#- The lengths that retention is measured over, as column window_months. -#}
{% macro window_lengths() -%}
    (
        select window_months
        from (values ({{ option_list("retention_window_months").split(", ") | join("), (") }}))
            as lengths (window_months)
    )
{%- endmacro %}
