{#- A table that keeps its identity when it is built again: the new rows are computed aside, then
    replace the old ones in one transaction, so that no view over it is dropped and no reader
    waits. A table whose columns have changed makes way for a new one; views move over to that when
    they are built, and the old one goes with the next build, unless somebody's view holds it. -#}
{% materialization in_place_table, adapter="postgres" %}
    {%- set target_relation = this.incorporate(type="table") -%}
    {%- set next_relation = make_intermediate_relation(target_relation) -%}
    {%- set retired_relation = make_backup_relation(target_relation, "table") -%}
    {%- set existing_relation = load_cached_relation(this) -%}

    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}
    {{ _drop_unless_used(retired_relation) }}
    {% do adapter.drop_relation(next_relation) %}

    {%- if existing_relation is none -%}
        {% call statement("main") -%}
            {{ create_table_as(false, target_relation, sql) }}
        {%- endcall %}
        {% do create_indexes(target_relation) %}
    {%- else -%}
        {% call statement("main") -%}
            {{ create_table_as(false, next_relation, sql) }}
        {%- endcall %}
        {%- set columns = adapter.get_columns_in_relation(next_relation) -%}
        {%- if columns == adapter.get_columns_in_relation(target_relation) -%}
            {%- set names = columns | map(attribute="quoted") | join(", ") -%}
            {% call statement("replace_rows") -%}
                delete from {{ target_relation }};
                insert into {{ target_relation }} ({{ names }})
                select {{ names }} from {{ next_relation }};
            {%- endcall %}
            {% do adapter.drop_relation(next_relation) %}
        {%- elif _exists(retired_relation) -%}
            {% do exceptions.raise_compiler_error(
                "the columns of " ~ target_relation ~ " have changed, and a view still reads "
                ~ retired_relation ~ ", which made way when they changed before: drop that view, "
                ~ "or make it again on a metric, and build again."
            ) %}
        {%- else -%}
            {% do adapter.rename_relation(existing_relation, retired_relation) %}
            {% do adapter.rename_relation(next_relation, target_relation) %}
            {% do create_indexes(target_relation) %}
        {%- endif -%}
    {%- endif -%}

    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=false) }}

    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}

{#- Drop a table that nothing depends on; leave it if something does. -#}
{% macro _drop_unless_used(relation) %}
    {% call statement("drop_unless_used") -%}
        do $$
        begin
            drop table if exists {{ relation }} restrict;
        exception when dependent_objects_still_exist then
            raise notice '{{ relation.identifier }} is kept: a view depends on it';
        end
        $$
    {%- endcall %}
    {%- if not _exists(relation) -%}
        {% do adapter.cache_dropped(relation) %}
    {%- endif -%}
{% endmacro %}

{% macro _exists(relation) -%}
    {%- set found = run_query("select to_regclass('" ~ relation ~ "')") -%}
    {%- do return(found.columns[0].values()[0] is not none) -%}
{%- endmacro %}
