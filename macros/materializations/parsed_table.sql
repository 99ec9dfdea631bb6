{#- A table of what large documents say, that lasts between runs: each version of a row of the
    engine's is parsed once. The model reads its rows as source_rows, with their row_version, keeps
    that, and asks for those that are not_parsed_before(); meta.parses names the source it reads.

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
        {%- set parsed = source(*config.get("meta")["parses"]) -%}
        {%- set names = adapter.get_columns_in_relation(target_relation)
            | map(attribute="quoted") | join(", ") -%}
        {%- if _exists(parsed) -%}
            {% call statement("forget") -%}
                delete from {{ target_relation }} as parsed_rows
                where not exists (
                    select from {{ parsed }} as source_rows
                    where {{ row_version("source_rows") }} = parsed_rows.row_version
                );
            {%- endcall %}
        {%- else -%}
            {% call statement("forget") -%}
                delete from {{ target_relation }};
            {%- endcall %}
        {%- endif -%}
        {% call statement("main") -%}
            insert into {{ target_relation }} ({{ names }})
            select {{ names }} from (
                {{ sql | replace(not_parsed_before(), _not_in(target_relation)) }}
            ) as newly_parsed
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

{% macro _not_in(relation) -%}
    not exists (
        select from {{ relation }} as parsed_rows
        where parsed_rows.row_version = source_rows.row_version
    )
{%- endmacro %}

{#- Names the version of a row of a table without reading what is in it. -#}
{% macro row_version(alias) -%}
    md5({{ alias }}.tableoid || ':' || {{ alias }}.xmin || {{ alias }}.ctid)::uuid
{%- endmacro %}

{% macro _comment_on(relation) -%}
    {%- set found = run_query("select obj_description(to_regclass('" ~ relation ~ "'))") -%}
    {%- do return(found.columns[0].values()[0] or "") -%}
{%- endmacro %}
