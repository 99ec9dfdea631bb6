{#- What, within a customer, has a balance of its own that decides the type of a movement. -#}
{% macro movement_level(plan="plan", subscription_id="subscription_id") -%}
    {{ {"customer": "''::text", "subscription": subscription_id, "plan": plan}[option("movement_level")] }}
{%- endmacro %}
