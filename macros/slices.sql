{#- Slices: where a row of a relation is counted under a dimension. A relation that has not all of
    these columns names those it has, and leaves the other dimensions out. -#}
{% macro slice_value(
    slices,
    relation,
    columns=["plan", "product", "currency", "country", "billing_interval"],
    segment=none
) -%}
    case {{ slices }}.dimension
        {%- for column in columns %}
        when '{{ column }}' then {{ relation }}.{{ column }}
        {%- endfor %}
        when 'source' then {{ relation }}.billing_source
        when 'segment' then {{ segment or slices ~ '.segment' }}
        else 'all'
    end
{%- endmacro %}

{#- The same for cohorts, whose dimension may be an attribute of the customer. -#}
{% macro cohort_value(dimensions, relation) -%}
    case
        when {{ dimensions }}.is_attribute then {{ relation }}.attribute_value
        else {{ slice_value(dimensions, relation, segment=relation ~ ".segment") }}
    end
{%- endmacro %}
