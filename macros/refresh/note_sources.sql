{#- What a refresh has to know of the engines' tables and of the time of a build. It stands in the
    build's schema, so that it goes with the build.

    Noted before anything is read: what is written while a build reads is found again by the next
    refresh. Until the whole build has succeeded a refresh refuses: after half a build nobody could
    say what each relation has seen. -#}
{% macro note_sources() -%}
    {%- if _is_run() %}
    {%- set build = _build_schema() %}
    create schema if not exists {{ build }};
    {{ _create_notes(build) }}
    delete from {{ build }}.refresh_state;
    insert into {{ build }}.refresh_state (is_whole, begun_at, begun_xid, next_turn)
    select false, {{ run_instant() }}, pg_snapshot_xmin(pg_current_snapshot()), 0;
    delete from {{ build }}.refresh_sources;
    {{ _insert_sources(build) }}
    {%- endif %}
{%- endmacro %}

{#- The tables in which it is noted. -#}
{% macro _create_notes(build) -%}
    create table if not exists {{ build }}.refresh_state (
        is_whole boolean not null,
        begun_at timestamptz not null,
        begun_xid xid8 not null,
        -- Changes of transactions from this one on have not been seen.
        seen_xid xid8,
        as_of timestamptz,
        next_turn bigint not null
    );
    comment on table {{ build }}.refresh_state is
        'One row: since when the engines'' rows have not been looked at.';
    create table if not exists {{ build }}.refresh_sources (
        source text,
        name text,
        relation text not null,
        columns text[] not null,
        is_shared boolean not null,
        customer text,
        together text,
        concerns text[] not null,
        file_node oid,
        found_columns text[] not null,
        seen_pages bigint not null,
        next_page bigint not null,
        round_xid xid8,
        last_round_xid xid8,
        primary key (source, name)
    );
    comment on table {{ build }}.refresh_sources is
        'One row per table of a billing engine that is read, and how far it has been looked through.';
    create table if not exists {{ build }}.refresh_due (
        billing_source text,
        tenant_id text,
        customer_id text,
        due_at timestamptz not null
    );
    comment on table {{ build }}.refresh_due is
        'One row per customer that time alone will change: when that is next.';
{%- endmacro %}

{% macro _insert_sources(build) -%}
    {%- for source in graph.sources.values()
        if source.source_name in var("tidemill_billing_sources") %}
    {%- set meta = source.config.meta %}
    {%- set concerns = meta.get("concerns", []) %}
    insert into {{ build }}.refresh_sources (
        source, name, relation, columns, is_shared, customer, together, concerns, file_node,
        found_columns, seen_pages, next_page
    )
    select
        {{ dbt.string_literal(source.source_name) }},
        {{ dbt.string_literal(source.name) }},
        {{ _quoted(source.relation_name) }},
        {{ _text_array(source.columns.keys()) }},
        {{ meta.get("shared", false) }},
        {{ _quoted(meta.customer) if meta.customer else "null" }},
        {{ _quoted(meta.together) if meta.together else "null" }},
        {{ _text_array([concerns] if concerns is string else concerns) }},
        pg_relation_filenode(to_regclass({{ _quoted(source.relation_name) }})),
        '{}',
        0,
        0;
    {%- endfor %}
    update {{ build }}.refresh_sources
    set
        found_columns = array(
            select pg_attribute.attname::text
            from pg_attribute
            where
                pg_attribute.attrelid = to_regclass(relation)
                and pg_attribute.attnum > 0
                and not pg_attribute.attisdropped
                and pg_attribute.attname = any(columns)
            order by pg_attribute.attnum
        ),
        seen_pages = coalesce(
            pg_relation_size(to_regclass(relation)) / current_setting('block_size')::bigint, 0
        );
{%- endmacro %}

{#- The schema of this build's own relations, quoted. -#}
{% macro _build_schema() -%}
    {{ adapter.quote(generate_schema_name(none, {"fqn": []}) | trim) }}
{%- endmacro %}

{% macro _quoted(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}

{% macro _text_array(names) -%}
    array[{% for name in names %}{{ _quoted(name) }}{{ ", " if not loop.last }}{% endfor %}]::text[]
{%- endmacro %}
