{#- The netting window that an instant lies in: a day, the first day of a month, or the instant. -#}
{% macro netting_window(instant) -%}
    {%- if option("netting") == "day" -%}
    {{ local_date(instant) }}
    {%- elif option("netting") == "month" -%}
    date_trunc('month', {{ local_date(instant) }}::timestamp)::date
    {%- else -%}
    {{ instant }}
    {%- endif -%}
{%- endmacro %}

{#- The day that the movements of a netting window are dated with. -#}
{% macro window_date(window) -%}
    {%- if option("netting") in ("day", "month") -%}
    {{ window }}
    {%- else -%}
    {{ local_date(window) }}
    {%- endif -%}
{%- endmacro %}
