{#- Days from its start in which a trial counts as converted soon, by tidemill_trial_rate; else 30. -#}
{% macro trial_within_days() -%}
    {%- set is_within_days = option("trial_rate").startswith("within_days") -%}
    {%- do return((option_number("trial_rate") if is_within_days else "30") | int) -%}
{%- endmacro %}
