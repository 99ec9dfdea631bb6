{#- Union one surface relation of every billing source in use. -#}
{% macro union_sources(relation, columns) %}
    {%- for source in var("tidemill_billing_sources") %}
select
    {%- for column in columns %}
    {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
from {{ ref(source ~ "__" ~ relation) }}
        {%- if not loop.last %}

union all
        {% endif %}
    {%- endfor %}
{% endmacro %}
