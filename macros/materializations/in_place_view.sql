{#- A view that is replaced where it stands: readers never miss it, and views and grants that
    others put on it stay. dbt's own view is renamed away and dropped with all that hangs on it. -#}
{% materialization in_place_view, adapter="postgres" %}
    {%- set target_relation = this.incorporate(type="view") -%}

    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}

    {% call statement("main") -%}
        {%- if config.get("contract").enforced %}
        {{ get_assert_columns_equivalent(sql) }}
        {%- endif %}
        {{ _replace_view(target_relation, of_readable_tenants(sql)) }}
    {%- endcall %}

    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=false) }}

    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}

{#- PostgreSQL refuses to replace a view by one with other columns or types (a new release, another
    reporting currency): that one is dropped and made again with the same grants in one transaction,
    unless a view of the user's reads it. -#}
{% macro _replace_view(relation, sql) -%}
do $tidemill$
declare
    grants text[];
    granted text;
begin
    execute $view$create or replace view {{ relation }} with (security_barrier) as ({{ sql }}
    )$view$;
exception when invalid_table_definition then
    select array_agg(
        format(
            'grant %s on {{ relation }} to %s', privilege_type,
            case when grantee = 'PUBLIC' then 'public' else quote_ident(grantee) end
        )
    )
    into grants
    from information_schema.role_table_grants
    where
        table_schema = '{{ relation.schema }}'
        and table_name = '{{ relation.identifier }}'
        and grantee <> grantor;
    begin
        drop view {{ relation }};
    exception when dependent_objects_still_exist then
        raise exception
            'the columns of {{ relation.schema }}.{{ relation.identifier }} have changed, and a view of yours reads it: drop that view, build, and make it again.';
    end;
    execute $view$create view {{ relation }} with (security_barrier) as ({{ sql }}
    )$view$;
    foreach granted in array coalesce(grants, '{}') loop
        execute granted;
    end loop;
end
$tidemill$
{%- endmacro %}
