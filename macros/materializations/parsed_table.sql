{#- A table of what large documents say, that lasts between runs: each version of a row of the
    engine's is parsed once. The model reads its rows as source_rows, with their row_id and
    row_version, keeps the latter, and asks for those that are not_parsed_before(); meta.parses names
    the source it reads.

    A run drops what was parsed of rows that are gone or have changed, and adds what is new. When
    the model says something else than before (the fingerprint in the table's comment), or with
    --full-refresh, everything is parsed again. The table is a cache, which may be dropped at will:
    it stands in <schema>_parsed, apart from what each build makes for itself. -#}
{% materialization parsed_table, adapter="postgres" %}
    {%- set target_relation = this.incorporate(type="table") -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {#- Each build has its lookups in a schema of its own. -#}
    {%- set fingerprint = "Parsed by " ~ local_md5(
        sql | replace('"' ~ generate_schema_name(none, {}) ~ '"', "")
    ) -%}
    {%- set is_kept = existing_relation is not none
        and not should_full_refresh()
        and _comment_on(target_relation).endswith(fingerprint) -%}

    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}

    {%- if is_kept -%}
        {%- set names = adapter.get_columns_in_relation(target_relation)
            | map(attribute="quoted") | join(", ") -%}
        {% call statement("compare") -%}
            {{ _differing_versions(target_relation, source(*config.get("meta")["parses"])) }}
        {%- endcall %}
        {% call statement("forget") -%}
            delete from {{ target_relation }}
            where row_version in (
                select gone_version from tidemill_differing_versions where row_id is null
            );
        {%- endcall %}
        {% call statement("main") -%}
            insert into {{ target_relation }} ({{ names }})
            select {{ names }} from (
                {{ sql | replace(not_parsed_before(), _is_new()) }}
            ) as newly_parsed;
            drop table tidemill_differing_versions
        {%- endcall %}
    {%- else -%}
        {%- if existing_relation is not none -%}
            {% do adapter.drop_relation(existing_relation) %}
        {%- endif -%}
        {% call statement("main") -%}
            {{ create_table_as(false, target_relation, sql) }}
        {%- endcall %}
        {% do persist_docs(target_relation, model) %}
        {% call statement("fingerprint") -%}
            comment on table {{ target_relation }} is
            '{{ (model.description ~ " " ~ fingerprint) | replace("'", "''") }}'
        {%- endcall %}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=false) }}

    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}

{#- In a model that is a parsed_table: of source_rows, those that no run has parsed. Without rows
    parsed before that is all of them. -#}
{% macro not_parsed_before() -%}
    source_rows.row_version is not null
{%- endmacro %}

{#- Read by their place: a join could be planned below the parsing, which would parse everything. -#}
{% macro _is_new() -%}
    source_rows.row_id = any(
        array(select row_id from tidemill_differing_versions where row_id is not null)
    )
{%- endmacro %}

{#- A pass over rows without their documents: the places of rows that nobody has parsed, and the
    versions that nobody has any more. -#}
{% macro _differing_versions(relation, parsed) -%}
    create temporary table tidemill_differing_versions on commit drop as
    select
        source_rows.row_id,
        parsed_rows.row_version as gone_version
    from (
        {% if _exists(parsed) -%}
        select
            landed.ctid as row_id,
            {{ row_version("landed") }} as row_version
        from {{ parsed }} as landed
        {%- else -%}
        select
            null::tid as row_id,
            null::bytea as row_version
        where false
        {%- endif %}
    ) as source_rows
    full join {{ relation }} as parsed_rows on source_rows.row_version = parsed_rows.row_version
    where source_rows.row_version is null or parsed_rows.row_version is null
{%- endmacro %}

{#- Names the version of a row of a table without reading what is in it: the file (rewriting the
    table moves rows), the transaction that wrote the row, and its place. -#}
{% macro row_version(alias) -%}
    oidsend(pg_relation_filenode({{ alias }}.tableoid)) || xidsend({{ alias }}.xmin)
    || tidsend({{ alias }}.ctid)
{%- endmacro %}

{% macro _comment_on(relation) -%}
    {%- set found = run_query("select obj_description(to_regclass('" ~ relation ~ "'))") -%}
    {%- do return(found.columns[0].values()[0] or "") -%}
{%- endmacro %}
