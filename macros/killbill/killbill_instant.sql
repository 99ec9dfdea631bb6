{#- The instant at which a local date of an account begins. -#}
{% macro killbill_instant(date, utc_offset) -%}
    (({{ date }} - {{ utc_offset }}) at time zone 'UTC')
{%- endmacro %}
