{#- The versions of the catalogs, each as XML. They stand in one table with the credentials of
    plugins, so a role that may not read it is given a function that returns them alone
    (docs/sources/killbill.md). -#}
{% macro killbill_catalogs() -%}
    {%- set table = source("killbill", "tenant_kvs") -%}
    {%- set functions = [] -%}
    {%- if execute -%}
        {%- set functions = run_query(
            "select pg_proc.oid from pg_catalog.pg_proc"
            ~ " inner join pg_catalog.pg_namespace on pg_proc.pronamespace = pg_namespace.oid"
            ~ " where pg_namespace.nspname = 'tidemill_killbill' and pg_proc.proname = 'catalogs'"
            ~ " and has_schema_privilege(pg_namespace.oid, 'usage')"
            ~ " and has_function_privilege(pg_proc.oid, 'execute')"
        ).rows -%}
    {%- endif -%}
    {%- set catalogs = "tidemill_killbill.catalogs()" if functions else table.render() -%}
    {#- With --empty dbt names a relation itself, and no other name may follow. -#}
    {{ "(select * from " ~ catalogs ~ " where false)"
        if flags is defined and flags.EMPTY else catalogs }}
{%- endmacro %}
