{#- The guard of the sources: how many rows each table of the billing engines had when a run last
    succeeded is kept in <schema>_history, and a run stops when one has lost most of them since, as
    happens when a replication or a restore breaks off. -#}

{#- Stop a run, before anything is built, when a table has lost more than tidemill_max_row_loss. -#}
{% macro check_source_sizes() -%}
    {%- set is_known = _is_run() and _exists(_source_sizes()) -%}
    {%- set counts = _source_counts() | trim if is_known else "" -%}
    {%- if counts -%}
        {%- set shrunk = run_query(
            "select counted.source_schema || '.' || counted.table_name,"
            ~ " last_good.rows, counted.rows"
            ~ " from (" ~ counts ~ ") as counted"
            ~ " inner join " ~ _source_sizes() ~ " as last_good"
            ~ " on counted.source_schema = last_good.source_schema"
            ~ " and counted.table_name = last_good.table_name"
            ~ " where last_good.rows - counted.rows > "
            ~ var("tidemill_max_row_loss") ~ " * last_good.rows"
            ~ " order by last_good.rows - counted.rows desc, counted.table_name"
        ).rows -%}
        {%- if shrunk -%}
            {%- set before, now = shrunk[0][1] | int, shrunk[0][2] | int -%}
            {%- set names = shrunk | map(attribute=0) | list -%}
            {%- do exceptions.raise_compiler_error(
                "table " ~ names[0] ~ " has shrunk from " ~ "{:,}".format(before) ~ " to "
                ~ "{:,}".format(now) ~ " rows since a run last succeeded"
                ~ (" (as have " ~ names[1:] | join(", ") ~ ")" if names | length > 1 else "")
                ~ ": restore it, or, if that is right, set tidemill_max_row_loss to 1 for one run."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Remember the rows of every table, when all that a run was to do has succeeded. -#}
{% macro record_source_sizes(results) -%}
    {%- set good = ["success", "pass", "warn", "no-op"] -%}
    {%- set succeeded = _is_run() and results
        and not results | map(attribute="status") | reject("in", good) | list -%}
    {%- set counts = _source_counts() | trim if succeeded else "" -%}
    {%- if counts -%}
        {%- set schema = target.schema ~ "_history" -%}
        do $$
        begin
            if to_regnamespace('"{{ schema }}"') is null then
                create schema if not exists "{{ schema }}";
            end if;
            if to_regclass('{{ _source_sizes() }}') is null then
                create table if not exists {{ _source_sizes() }} (
                    source_schema text,
                    table_name text,
                    rows bigint not null,
                    counted_at timestamptz not null,
                    primary key (source_schema, table_name)
                );
                comment on table {{ _source_sizes() }} is
                    'One row per table of a billing engine: its rows when a run last succeeded.';
            end if;
        end
        $$;
        insert into {{ _source_sizes() }} (source_schema, table_name, rows, counted_at)
        select source_schema, table_name, rows, {{ run_instant() }}
        from ({{ counts }}) as counted
        on conflict (source_schema, table_name)
        do update set rows = excluded.rows, counted_at = excluded.counted_at
    {%- endif -%}
{%- endmacro %}

{#- A query of the rows of each table that a billing engine in use has. One that the planner takes
    for 5 million rows or more is not counted, which could take minutes: its rows are the planner's
    estimate (pg_class.reltuples), which vacuum and analyze keep, and which truncate forgets (-1). -#}
{% macro _source_counts() -%}
    {%- set names = [] -%}
    {%- for source in graph.sources.values()
        if source.source_name in var("tidemill_billing_sources") -%}
        {%- do names.append("('" ~ source.relation_name | replace("'", "''") ~ "')") -%}
    {%- endfor -%}
    {%- if names -%}
        {%- set tables = run_query(
            "select listed.relation, pg_namespace.nspname, pg_class.relname,"
            ~ " pg_class.reltuples::bigint"
            ~ " from (values " ~ names | join(", ") ~ ") as listed (relation)"
            ~ " inner join pg_class on to_regclass(listed.relation) = pg_class.oid"
            ~ " inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid"
            ~ " where has_any_column_privilege(pg_class.oid, 'select')"
        ).rows -%}
        {%- for relation, schema, table, estimate in tables %}
            select
                '{{ schema | replace("'", "''") }}' as source_schema,
                '{{ table | replace("'", "''") }}' as table_name,
                {% if estimate >= 5000000 %}{{ estimate }}::bigint{% else %}count(*){% endif %} as rows
            {%- if estimate < 5000000 %}
            from {{ relation }}
            {%- endif %}
            {%- if not loop.last %}
            union all
            {%- endif %}
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}

{#- Where the rows of each table are kept. -#}
{% macro _source_sizes() -%}
    "{{ target.schema }}_history"."source_sizes"
{%- endmacro %}

{#- Whether this builds something: not a compile, a test or the docs. -#}
{% macro _is_run() -%}
    {%- do return(execute and flags.WHICH in ["build", "run"]) -%}
{%- endmacro %}
