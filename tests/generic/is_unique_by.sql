{#- Rows whose key columns are null or stand in another row too. -#}
{% test is_unique_by(model, columns) %}
select {{ columns | join(", ") }}
from {{ model }}
group by {{ columns | join(", ") }}
having
    count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}
{% endtest %}
