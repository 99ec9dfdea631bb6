{#- The instant this build speaks of: the one given, else the beginning of the run. -#}
{% macro as_of_instant() -%}
    {%- set given = var("tidemill_as_of") -%}
    {{ "'" ~ given ~ "'::timestamptz" if given else run_instant() }}
{%- endmacro %}
