{#- Values of Stripe's objects, each from JSON, and null where it does not read as what it should
    be: a cast that fails would stop the build. -#}

{#- The id behind a reference: an id, an object that has one, or the JSON text of such an object,
    which the classic engine keeps in text columns. -#}
{% macro stripe_id(value) -%}
    case
        when jsonb_typeof({{ value }}) = 'object' then {{ value }} ->> 'id'
        when left({{ value }} #>> '{}', 1) = '{' then substring({{ value }} #>> '{}', '"id" *: *"([^"]+)"')
        else nullif({{ value }} #>> '{}', '')
    end
{%- endmacro %}

{#- A number, which Stripe gives as text where it has decimals. -#}
{% macro stripe_number(value) -%}
    case jsonb_typeof({{ value }})
        when 'number' then case when abs(({{ value }})::numeric) < 1e15 then ({{ value }})::numeric end
        when 'string' then {{ readable_number(value ~ " #>> '{}'") }}
    end
{%- endmacro %}

{#- Minor units in major units: hundredths, but for the currencies that the seed lists. -#}
{% macro stripe_amount(value, currencies="currencies") -%}
    {{ stripe_number(value) }} / coalesce({{ currencies }}.subunit_to_unit, 100)::numeric
{%- endmacro %}

{#- An instant before 2200: unix seconds, as a number or text, or ISO 8601. -#}
{% macro stripe_instant(value) -%}
    case
        when jsonb_typeof({{ value }}) = 'number'
            then case
                when ({{ value }})::numeric between 0 and 7258118399
                    then timestamptz '1970-01-01T00:00:00Z' + ({{ value }})::bigint * interval '1 second'
            end
        when {{ value }} #>> '{}' ~ '^[0-9]{1,9}$|^[1-6][0-9]{9}$'
            then timestamptz '1970-01-01T00:00:00Z' + ({{ value }} #>> '{}')::bigint * interval '1 second'
        else {{ readable_instant("(" ~ value ~ " #>> '{}')") }}
    end
{%- endmacro %}

{#- What applies where the other is absent; JSON's own null is none either. -#}
{% macro stripe_first(one, other) -%}
    coalesce(nullif({{ one }}, 'null'), nullif({{ other }}, 'null'))
{%- endmacro %}

{#- The sum of a number over the elements of a list. -#}
{% macro stripe_sum(list, key="amount", only=none) -%}
    case
        when jsonb_typeof({{ list }}) = 'array' and {{ list }} <> '[]'
            then (
                select coalesce(sum({{ stripe_number("each.value -> '" ~ key ~ "'") }}), 0)
                from jsonb_array_elements({{ list }}) as each (value)
                {%- if only %}
                where {{ only }}
                {%- endif %}
            )
        else 0
    end
{%- endmacro %}
