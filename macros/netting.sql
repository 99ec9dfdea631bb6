{#- The netting window that an instant lies in: a day, the first day of a month, or the instant. -#}
{% macro netting_window(instant, tenant_id="tenant_id") -%}
    {%- if option("netting") == "day" -%}
    {{ local_date(instant, tenant_id) }}
    {%- elif option("netting") == "month" -%}
    date_trunc('month', {{ local_date(instant, tenant_id) }}::timestamp)::date
    {%- else -%}
    {{ instant }}
    {%- endif -%}
{%- endmacro %}

{#- The day that the movements of a netting window are dated with. -#}
{% macro window_date(window, tenant_id="tenant_id") -%}
    {%- if option("netting") in ("day", "month") -%}
    {{ window }}
    {%- else -%}
    {{ local_date(window, tenant_id) }}
    {%- endif -%}
{%- endmacro %}
