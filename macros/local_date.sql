{#- The day of the reporting time zone that an instant falls on. -#}
{% macro local_date(instant) -%}
    ({{ instant }} at time zone '{{ option("reporting_timezone") }}')::date
{%- endmacro %}
