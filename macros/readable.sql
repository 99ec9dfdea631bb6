{#- Text that an engine keeps in JSON as a value, null where it does not read as one: a cast that
    fails would stop the build. -#}

{#- A UTC instant of the years 1970 to 2199 in ISO 8601. -#}
{% macro readable_instant(text) -%}
    case
        when {{ text }} ~ '^(19[7-9]|2[01]\d)\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?( ?UTC|Z)?$'
            {#- Days are added to the first of the month: the 31st of June reads as the 1st of July. #}
            then (
                (left({{ text }}, 8) || '01' || substr({{ text }}, 11))::timestamp
                + (substr({{ text }}, 9, 2)::integer - 1) * interval '1 day'
            ) at time zone 'UTC'
    end
{%- endmacro %}

{#- A number below 10^15 in decimal notation. -#}
{% macro readable_number(text) -%}
    case when {{ text }} ~ '^-?\d{1,15}(\.\d{1,30})?([eE]-\d{1,2})?$' then ({{ text }})::numeric end
{%- endmacro %}
