{#- Slices: where a row of a relation is counted under a dimension. The relation has the columns
    billing_source, tenant_id, plan, product, currency, country and billing_interval. -#}
{% macro slice_value(dimension, relation) -%}
    case {{ dimension }}
        when 'plan' then {{ relation }}.plan
        when 'product' then {{ relation }}.product
        when 'currency' then {{ relation }}.currency
        when 'country' then {{ relation }}.country
        when 'billing_interval' then {{ relation }}.billing_interval
        when 'source' then {{ relation }}.billing_source
        else 'all'
    end
{%- endmacro %}

{#- The same for cohorts, whose dimension may be an attribute of the customer. -#}
{% macro cohort_value(dimensions, relation) -%}
    case
        when {{ dimensions }}.is_attribute then {{ relation }}.attribute_value
        else {{ slice_value(dimensions ~ ".dimension", relation) }}
    end
{%- endmacro %}
