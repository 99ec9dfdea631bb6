{#- The time zones that the database can convert to, as column name. -#}
{% macro known_timezones() -%}
    (select name from pg_timezone_names)
{%- endmacro %}
