{#- The rows of the table of events, if there is one. `created` may be an instant or unix seconds. -#}
{% macro stripe_event_rows() -%}
    {%- set relation = source("stripe", "stripe_events") -%}
    {%- set types = _column_types(relation) if execute else {} -%}
    {%- if types -%}
    (
        select
            id as event_id,
            type as event_type,
            {% if types["created"].startswith("timestamp") -%}
            created::timestamptz
            {%- else -%}
            {{ stripe_instant("to_jsonb(created)") }}
            {%- endif %} as created_at,
            data::jsonb as doc,
            {{ "_account_id" if "_account_id" in types else "null::text" }} as tenant_id,
            landed.ctid as row_id,
            {{ row_version('landed') }} as row_version
        from {{ _landed(relation) }}
    )
    {%- else -%}
    (
        select
            null::text as event_id,
            null::text as event_type,
            null::timestamptz as created_at,
            null::jsonb as doc,
            null::text as tenant_id,
            null::tid as row_id,
            null::bytea as row_version
        where false
    )
    {%- endif -%}
{%- endmacro %}
