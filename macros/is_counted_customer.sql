{#- Whether a customer counts at all: not excluded by the source, nor by tidemill_exclude_customers. -#}
{% macro is_counted_customer(customers) -%}
    (
        not {{ customers }}.is_excluded
        {%- set ids = option_list("exclude_customers") %}
        {%- if ids %}
        and {{ customers }}.customer_id not in ({{ ids }})
        and coalesce({{ customers }}.external_id, '') not in ({{ ids }})
        {%- for given in var("tidemill_exclude_customers") if "=" in given | string %}
        {%- set key, _, value = (given | string).partition("=") %}
        and coalesce({{ attribute(customers, key) }}, '') <> '{{ value | replace("'", "''") }}'
        {%- endfor %}
        {%- endif %}
    )
{%- endmacro %}

{#- A free attribute of a customer, as text; null when it has none of that name. -#}
{% macro attribute(customers, key) -%}
    {{ customers }}.attributes ->> '{{ key | replace("'", "''") }}'
{%- endmacro %}
