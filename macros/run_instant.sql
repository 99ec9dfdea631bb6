{#- The instant this run began, as `tidemill run` or dbt took it: what is seen in a run is dated
    with it, so that nothing seen lies after as_of. -#}
{% macro run_instant() -%}
    '{{ env_var("TIDEMILL_STARTED_AT", run_started_at.isoformat()) }}'::timestamptz
{%- endmacro %}
