{#- A segment is to every roll-up what a tenant is: its customers' rows are there once more, under a
    tenant id of its own. What is made of them is so by the same SQL as everything else, and stands
    apart by that id alone. No engine has the character (unit separator) in an id. -#}
{% macro group_id(tenant_id, segment) -%}
    {{ tenant_id }} || chr(31) || {{ segment }}
{%- endmacro %}

{#- The tenant whose customers a group is of. -#}
{% macro tenant_of_group(group_id) -%}
    split_part({{ group_id }}, chr(31), 1)
{%- endmacro %}

{#- The segment that a group is; empty where it is all customers of a tenant. -#}
{% macro segment_of_group(group_id) -%}
    split_part({{ group_id }}, chr(31), 2)
{%- endmacro %}

{#- Whether a group is all customers of a tenant. -#}
{% macro is_of_everyone(group_id) -%}
    strpos({{ group_id }}, chr(31)) = 0
{%- endmacro %}

{#- Rows of customers, and those of segments' members once more. A common table expression that is
    read twice would be made whole, so there are two of the same, <rows> and <rows>_of_members. -#}
{% macro with_rows_of_segments(rows, columns) -%}
select
    billing_source,
    tenant_id,
    {{ columns | join(",\n    ") }}
from {{ rows }}

union all

select
    again.billing_source,
    {{ group_id("again.tenant_id", "members.segment") }} as tenant_id,
    again.{{ columns | join(",\n    again.") }}
from {{ rows }}_of_members as again
inner join members
    on
        again.customer_id = members.customer_id
        and again.billing_source = members.billing_source
        and again.tenant_id = members.tenant_id
{%- endmacro %}
