{#- What a refresh has to know of the engines' tables and of the time of a build. It stands in the
    build's schema, so that it goes with the build.

    Noted before anything is read: what is written while a build reads is found again by the next
    refresh. Until the whole build has succeeded a refresh refuses: after half a build nobody could
    say what each relation has seen. -#}
{% macro note_sources() -%}
    {%- if _is_run() %}
    {%- set build = _build_schema() %}
    do $$
    begin
        if to_regnamespace({{ _quoted(build) }}) is null then
            create schema if not exists {{ build }};
        end if;
    end
    $$;
    {{ _drop_refresh(build) }}
    {{ _create_notes(build) }}
    insert into {{ build }}.refresh_state (is_whole, begun_at, begun_xid, next_turn)
    select false, {{ run_instant() }}, pg_snapshot_xmin(pg_current_snapshot()), 0;
    {{ _insert_sources(build) }}
    {%- endif %}
{%- endmacro %}

{#- What an earlier build, or release, left of it. The procedures know the tables by their types. -#}
{% macro _drop_refresh(build) -%}
    do $$
    declare
        made regprocedure;
    begin
        for made in
            select oid from pg_proc where pronamespace = {{ _quoted(build) }}::regnamespace
        loop
            execute 'drop routine ' || made;
        end loop;
    end
    $$;
    drop table if exists
        {{ build }}.refresh_state, {{ build }}.refresh_sources, {{ build }}.refresh_due,
        {{ build }}.refresh_recipes;
{%- endmacro %}

{#- The tables in which it is noted. -#}
{% macro _create_notes(build) -%}
    create table {{ build }}.refresh_state (
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
    create table {{ build }}.refresh_sources (
        source text,
        name text,
        relation text not null,
        columns text[] not null,
        is_shared boolean not null,
        customer text,
        together text,
        -- Expressions of this table and another, as [left, table, right], or [everybody].
        concerns jsonb not null,
        file_node oid,
        found_columns text[] not null,
        -- Of the rows of a table of no customer, which are few: whether one is missing.
        digest text,
        seen_pages bigint not null,
        next_page bigint not null,
        round_xid xid8,
        last_round_xid xid8,
        primary key (source, name)
    );
    comment on table {{ build }}.refresh_sources is
        'One row per table of a billing engine that is read, and how far it has been looked through.';
    create table {{ build }}.refresh_due (
        billing_source text,
        tenant_id text,
        customer_id text,
        due_at timestamptz not null
    );
    comment on table {{ build }}.refresh_due is
        'One row per customer that time alone will change: when that is next.';
{%- endmacro %}

{#- The tables of the engines in use, and those that people fill. -#}
{% macro _insert_sources(build) -%}
    {%- set sources = {} %}
    {%- for source in graph.sources.values()
        if source.source_name in var("tidemill_billing_sources") + ["inputs"] %}
        {%- do sources.update(
            {source.source_name ~ "." ~ source.name: (source, _readable_columns(source))}
        ) %}
    {%- endfor %}
    {%- for source, found in sources.values() %}
    {%- set meta = source.config.meta %}
    {%- set is_shared = meta.get("shared", source.source_name == "inputs") %}
    insert into {{ build }}.refresh_sources (
        source, name, relation, columns, is_shared, customer, together, concerns, file_node,
        found_columns, digest, seen_pages, next_page
    )
    select
        {{ _quoted(source.source_name) }},
        {{ _quoted(source.name) }},
        {{ _quoted(source.relation_name) }},
        {{ _text_array(source.columns.keys()) }},
        {{ is_shared }},
        {{ _quoted(_reference(source, found, meta.customer)) if meta.customer else "null" }},
        {{ _quoted(meta.together) if meta.together else "null" }},
        {{ _quoted(tojson(_concerns(source, sources))) }},
        {{ "null" if not found else
            "pg_relation_filenode(to_regclass(" ~ _quoted(source.relation_name) ~ "))" }},
        {{ _text_array(found) }},
        {{ "(" ~ _digest(source.relation_name) ~ ")"
            if is_shared and found and _may_see_versions(source) else "null" }},
        coalesce(
            pg_relation_size(to_regclass({{ _quoted(source.relation_name) }}))
            / current_setting('block_size')::bigint,
            0
        ),
        0;
    {%- endfor %}
{%- endmacro %}

{#- Of the columns that a table is listed with, those that are there and may be read. -#}
{% macro _readable_columns(source) -%}
    {%- do return(run_query(
        "select pg_attribute.attname from pg_attribute"
        ~ " where pg_attribute.attrelid = to_regclass(" ~ _quoted(source.relation_name) ~ ")"
        ~ " and pg_attribute.attnum > 0 and not pg_attribute.attisdropped"
        ~ " and pg_attribute.attname = any(" ~ _text_array(source.columns.keys()) ~ ")"
        ~ " and has_column_privilege(pg_attribute.attrelid, pg_attribute.attnum, 'select')"
        ~ " order by pg_attribute.attnum"
    ).columns[0].values() | list) %}
{%- endmacro %}

{#- Whether the role may see which rows have changed; without that it can build, and not refresh. -#}
{% macro _may_see_versions(source) -%}
    {%- do return(run_query(
        "select has_column_privilege(" ~ _quoted(source.relation_name) ~ ", 'xmin', 'select')"
        ~ " and has_column_privilege(" ~ _quoted(source.relation_name) ~ ", 'ctid', 'select')"
    ).columns[0].values()[0]) %}
{%- endmacro %}

{#- What a table's meta says it concerns, as it can be asked of the tables that are there. -#}
{% macro _concerns(source, sources) -%}
    {%- set concerns = source.config.meta.get("concerns", []) %}
    {%- if concerns is string %}
        {%- do return([[concerns]]) %}
    {%- endif %}
    {%- set edges = [] %}
    {%- for concern in concerns %}
        {%- set sides = modules.re.match("^(.*) = ([a-z_]+)[.](.*)$", concern, modules.re.S) %}
        {%- set left, name, right = sides.groups() %}
        {%- set columns = sources[source.source_name ~ "." ~ source.name][1] %}
        {%- set other, others = sources[source.source_name ~ "." ~ name] %}
        {%- if columns and others %}
            {%- do edges.append(
                [_reference(source, columns, left), name, _reference(other, others, right)]
            ) %}
        {%- endif %}
    {%- endfor %}
    {%- do return(edges) %}
{%- endmacro %}

{#- An engine whose tables may have other columns says by <engine>_reference where a value stands. -#}
{% macro _reference(source, found, expression) -%}
    {%- set resolve = context.get(source.source_name ~ "_reference") %}
    {%- do return(resolve(source, found, expression) | trim if resolve else expression) %}
{%- endmacro %}

{#- A query of what a few rows are, by where each version of them stands. -#}
{% macro _digest(relation) -%}
    select
        count(*) || ' ' || coalesce(
            sum(hashtextextended(digested.ctid::text || ' ' || digested.xmin::text, 0)), 0
        )
    from {{ relation }} as digested
{%- endmacro %}

{#- The schema of this build's own relations, quoted. -#}
{% macro _build_schema() -%}
    {%- do return(
        adapter.quote(generate_schema_name(none, {"fqn": []}) | trim)
    ) %}
{%- endmacro %}

{% macro _quoted(text) -%}
    {%- do return("'" ~ text | replace("'", "''") ~ "'") %}
{%- endmacro %}

{% macro _text_array(names) -%}
    {%- set quoted = [] %}
    {%- for name in names %}
        {%- do quoted.append(_quoted(name)) %}
    {%- endfor %}
    {%- do return("array[" ~ quoted | join(", ") ~ "]::text[]") %}
{%- endmacro %}
