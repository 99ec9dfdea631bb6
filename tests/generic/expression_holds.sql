{#- Rows for which an expression is not true. -#}
{% test expression_holds(model, expression) %}
{{ config(meta = {'refresh': 'rows'}) }}
select *
from {{ model }}
where ({{ expression }}) is not true
{% endtest %}
