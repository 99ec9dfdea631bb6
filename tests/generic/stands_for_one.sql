{#- Ids that stand for more than one combination of the columns. -#}
{% test stands_for_one(model, id, columns) %}
select combinations.{{ id }}
from (select distinct {{ id }}, {{ columns | join(", ") }} from {{ model }}) as combinations
group by combinations.{{ id }}
having count(*) > 1
{% endtest %}
