{#- Refuse a wrong option value by name, before anything is built. -#}
{% macro check_config() -%}
    {%- set allowed = {
        "tidemill_mrr_discounts": ["none", "forever", "recurring", "all"],
        "tidemill_mrr_start_at": ["trial_end", "subscription_start"],
        "tidemill_mrr_commitments": ["include", "exclude"],
        "tidemill_week_factor": ["52/12", "4.33", "4"],
    } -%}
    {%- for name, values in allowed.items() if var(name) | string not in values -%}
        {%- do exceptions.raise_compiler_error(
            name ~ " is '" ~ var(name) ~ "': set it to one of " ~ values | join(", ") ~ "."
        ) -%}
    {%- endfor -%}
    {%- set sources = var("tidemill_billing_sources") -%}
    {%- if sources is string or not sources -%}
        {%- do exceptions.raise_compiler_error(
            "tidemill_billing_sources is '" ~ sources ~ "': set it to a list such as [lago]."
        ) -%}
    {%- endif -%}
    {%- if execute -%}
        {%- set zone = var("tidemill_reporting_timezone") -%}
        {%- set found = run_query(
            "select count(*) from pg_timezone_names where name = '" ~ zone | replace("'", "''") ~ "'"
        ) -%}
        {%- if found.columns[0].values()[0] == 0 -%}
            {%- do exceptions.raise_compiler_error(
                "tidemill_reporting_timezone is '" ~ zone
                ~ "': set it to an IANA zone such as Europe/Paris."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
