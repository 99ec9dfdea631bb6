{#- dbt asks the project that is run where relations go, never a package: what is Tidemill's goes where
    Tidemill says, and so does the source that it reads. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if node.package_name == "tidemill" or "sources" in node.fqn -%}
        {{ tidemill.generate_schema_name(custom_schema_name, node) }}
    {%- else -%}
        {{ default__generate_schema_name(custom_schema_name, node) }}
    {%- endif -%}
{%- endmacro %}
