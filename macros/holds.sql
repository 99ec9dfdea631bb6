{#- Whether a condition of a segment holds of the values that a customer has: for one of them, but for
    empty, which asks whether there are none. Numbers are compared as numbers, days as days, and
    neither with anything else. -#}
{% macro holds(found, operator, operands) -%}
    {%- set number = "'^-?[0-9]+([.][0-9]+)?$'" %}
    {%- set day = "'^[0-9]{4}-[0-9]{2}-[0-9]{2}'" -%}
    case {{ operator }}
        when 'in' then coalesce({{ found }} && {{ operands }}, false)
        when 'empty' then coalesce(array_to_string({{ found }}, ''), '') = ''
        else exists (
            select
            from unnest({{ found }}) as held (value)
            cross join unnest({{ operands }}) as wanted (value)
            where
                case
                    when {{ operator }} = 'contains'
                        then strpos(lower(held.value), lower(wanted.value)) > 0
                    when held.value ~ {{ number }} and wanted.value ~ {{ number }}
                        then
                            ({{ operator }} = 'greater')
                            = (held.value::numeric > wanted.value::numeric)
                            and held.value::numeric <> wanted.value::numeric
                    when held.value ~ {{ day }} and wanted.value ~ {{ day }}
                        then
                            ({{ operator }} = 'greater') = (held.value > wanted.value)
                            and held.value <> wanted.value
                    else false
                end
        )
    end
{%- endmacro %}
