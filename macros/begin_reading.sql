{#- What a model that copies an engine's table does first. In `tidemill run` it reads at the instant
    that all of them are read at: the snapshot which the run holds open. The transaction that dbt
    has begun may have looked something up already, and a snapshot can only be taken at the start
    of one. What such a model refers to besides must have been there before: lookups only.

    A lock on an engine's table, such as a migration's, is waited for, but not for ever; and a copy
    ends, where the server can tell, soon after the process that asked for it. -#}
{% macro begin_reading() -%}
    {#- Not a macro of its own: of a package, dbt would not find it from another project. #}
    {%- if model.sources | map("first") | select("in", var("tidemill_billing_sources")) | list -%}
        {%- set snapshot = env_var("TIDEMILL_SNAPSHOT", "") -%}
        {%- if snapshot -%}
    commit;
    begin transaction isolation level repeatable read;
    set transaction snapshot '{{ snapshot | replace("'", "''") }}';
        {%- endif %}
    set local lock_timeout = '60s';
    do $$
    begin
        perform set_config('client_connection_check_interval', '2s', true);
    exception when others then null;
    end
    $$
    {%- endif -%}
{%- endmacro %}
