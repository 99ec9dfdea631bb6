{#- Where a relation is built: snapshots in <schema>_history, which nothing prunes; metrics in
    <schema>; everything else in <schema>_core. TIDEMILL_BUILD_SCHEMA, set by `tidemill run`, sends
    all but the snapshots to a schema of their own, to be switched when it has passed its tests.
    What says its schema itself (the cache of parsed documents, <schema>_parsed) is shared by all
    builds. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set build_schema = env_var("TIDEMILL_BUILD_SCHEMA", "") -%}
    {%- if node.resource_type == "snapshot" -%}{{ target.schema }}_history
    {%- elif custom_schema_name -%}{{ target.schema }}_{{ custom_schema_name }}
    {%- elif build_schema -%}{{ build_schema }}
    {%- elif "metrics" in node.fqn -%}{{ target.schema }}
    {%- else -%}{{ target.schema }}_core
    {%- endif -%}
{%- endmacro %}
