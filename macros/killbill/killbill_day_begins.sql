{#- The instant at which a local date of an account begins. -#}
{% macro killbill_day_begins(date, utc_offset) -%}
    (({{ date }} - {{ utc_offset }}) at time zone 'UTC')
{%- endmacro %}
