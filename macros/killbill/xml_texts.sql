{#- Texts of a catalog as values, null where they do not read as one: a cast that fails would stop
    the build. -#}

{#- An instant of the years 1900 to 2199 in ISO 8601; without an offset, or a time, it is UTC. -#}
{% macro killbill_xml_instant(text) -%}
    case
        when {{ text }} ~ '^(19|2[01])\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)?$'
            {#- Days are added to the first of the month: the 31st of June reads as the 1st of July. -#}
            then (
                left({{ text }}, 8)
                || '01'
                || coalesce(substring({{ text }} from 'T[0-9:.]+'), 'T00:00:00')
                || coalesce(substring({{ text }} from '(Z|[+-]\d\d:\d\d)$'), 'Z')
            )::timestamptz
            + (substr({{ text }}, 9, 2)::integer - 1) * interval '24 hours'
    end
{%- endmacro %}

{#- A number below 10^15, as Java reads decimals but for exponents. -#}
{% macro killbill_xml_number(text) -%}
    case
        when {{ text }} ~ '^[+-]?(\d{1,15}(\.\d{0,30})?|\.\d{1,30})$' then ({{ text }})::numeric
    end
{%- endmacro %}
