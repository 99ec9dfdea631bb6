{#- The rows of a table that a sync engine lands Stripe in: doc (Stripe's object as JSON), tenant_id
    (the Stripe account, 'default' where the engine keeps none), synced_at (of v2 null: its objects
    say it themselves, as _updated_at) and, of invoices, row_id and row_version: who may read listed
    columns alone may not read them.

    Newer engines keep the object itself (_raw_data); of the classic one's typed columns an object
    is built, from those that the source lists and the table has. A doc is large and kept out of
    line: read it once per row, with jsonb_to_record, not key by key. -#}
{% macro stripe_rows(table) -%}
    {%- set relation = source("stripe", table) -%}
    {%- set listed = _listed_columns(table) if execute else {} -%}
    {%- set types = _column_types(relation) if execute else {} -%}
    {%- if types or not listed.get("is_optional") -%}
    (
        select
            {{ _stripe_doc(listed.get("names", []), types) }} as doc,
            {{ _account_of(types) }} as tenant_id,
            {{ _synced_at(types) }} as synced_at,
            {% if table == "invoices" -%}
            landed.ctid as row_id,
            {{ row_version("landed") }} as row_version
            {%- else -%}
            null::tid as row_id,
            null::bytea as row_version
            {%- endif %}
        from {{ _landed(relation) }}
    )
    {%- else -%}
    (
        select
            null::jsonb as doc,
            null::text as tenant_id,
            null::timestamptz as synced_at,
            null::tid as row_id,
            null::bytea as row_version
        where false
    )
    {%- endif -%}
{%- endmacro %}

{#- With --empty dbt names the relation itself, and no other name may follow. -#}
{% macro _landed(relation) -%}
    {{ relation.render() }} as landed{{ " where false" if flags is defined and flags.EMPTY }}
{%- endmacro %}

{#- The object itself, or one built of the listed columns that exist. -#}
{% macro _stripe_doc(listed, types) -%}
    {%- if "_raw_data" in types or not types -%}
    _raw_data
    {%- else -%}
    jsonb_build_object(
        {%- for name in listed if name in types and name != "last_synced_at" %}
        '{{ name }}', {{ adapter.quote(name) }}{{ "," if not loop.last }}
        {%- endfor %}
    )
    {%- endif -%}
{%- endmacro %}

{% macro _account_of(types) -%}
    {%- if "_account_id" in types -%} _account_id
    {%- elif "_raw_data" in types -%} coalesce(_raw_data ->> '_account_id', 'default')
    {%- else -%} 'default'::text
    {%- endif -%}
{%- endmacro %}

{% macro _synced_at(types) -%}
    {%- if "_last_synced_at" in types -%} _last_synced_at
    {%- elif "last_synced_at" in types -%} last_synced_at
    {%- else -%} null::timestamptz
    {%- endif -%}
{%- endmacro %}

{#- The columns that _stripe__sources.yml lists for a table, and whether it may be missing. -#}
{% macro _listed_columns(table) -%}
    {%- for source in graph.sources.values()
        if source.source_name == "stripe" and source.name == table -%}
        {%- do return({
            "names": source.columns.keys() | list,
            "is_optional": source.config.get("meta", {}).get("optional", false),
        }) -%}
    {%- endfor -%}
{%- endmacro %}

{#- The columns of a table that this role may read, and their types; none when it does not exist. -#}
{% macro _column_types(relation) -%}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do types.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {%- do return(types) -%}
{%- endmacro %}
