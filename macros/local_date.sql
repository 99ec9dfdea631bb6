{#- The day that an instant falls on in its tenant's time zone. -#}
{% macro local_date(instant, tenant_id="tenant_id") -%}
    ({{ instant }} at time zone {{ _zone_of(tenant_id) }})::date
{%- endmacro %}

{#- The instant at which a day begins in its tenant's time zone: where a fact is a date in the
    engine, it stays on that date. -#}
{% macro local_day_begins(date, tenant_id="tenant_id") -%}
    ({{ date }}::timestamp at time zone {{ _zone_of(tenant_id) }})
{%- endmacro %}

{#- The last day that has begun anywhere. -#}
{% macro latest_local_date(instant) -%}
    greatest(
        {%- for zone in zones_in_use() -%}
        ({{ instant }} at time zone '{{ zone }}')::date{{ ", " if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}

{#- The reporting zone and those that a tenant has of its own. -#}
{% macro zones_in_use() -%}
    {%- set zones = [option("reporting_timezone")] -%}
    {%- for given in var("tidemill_tenant_timezones") if given.rpartition("=")[2] not in zones -%}
        {%- do zones.append(given.rpartition("=")[2]) -%}
    {%- endfor -%}
    {%- do return(zones) -%}
{%- endmacro %}

{% macro _zone_of(tenant_id) -%}
    {%- if var("tidemill_tenant_timezones") -%}
    case {{ tenant_of_group(tenant_id) }}
        {%- for given in var("tidemill_tenant_timezones") %}
        {%- set tenant, _, zone = given.rpartition("=") %}
        when '{{ dbt.escape_single_quotes(tenant) }}' then '{{ zone }}'
        {%- endfor %}
        else '{{ option("reporting_timezone") }}'
    end
    {%- else -%}
    '{{ option("reporting_timezone") }}'
    {%- endif -%}
{%- endmacro %}
