{#- The rows of a metric that whoever reads it may see: all of them, but for a role of
    <schema>_inputs.tenant_readers, and its members, those of the tenants named there. A view over
    this one sees no more, whoever owns it: current_user is who asks. A superuser is a member of
    every role, and sees all. The view is a barrier, so that no function in a query sees a row that
    the query may not. -#}
{% macro of_readable_tenants(sql) -%}
    {%- if "tenant_id" not in model.columns -%}
        {{ sql }}
    {%- else -%}
        {%- set readers %}
            select from {{ api.Relation.create(
                schema=target.schema ~ "_inputs", identifier="tenant_readers"
            ) }} as tenant_readers
            inner join pg_catalog.pg_roles as reader_roles
                on tenant_readers.role_name = reader_roles.rolname
            inner join pg_catalog.pg_roles as askers on askers.rolname = current_user
            where
                not askers.rolsuper
                and pg_catalog.pg_has_role(askers.oid, reader_roles.oid, 'member')
        {%- endset -%}
        select * from (
            {{ sql }}
        ) as metric_rows
        where
            not exists ({{ readers }})
            or exists (
                {{ readers }}
                and tenant_readers.tenant_id = metric_rows.tenant_id
                and coalesce(
                    tenant_readers.billing_source = metric_rows.billing_source, true
                )
            )
    {%- endif -%}
{%- endmacro %}
