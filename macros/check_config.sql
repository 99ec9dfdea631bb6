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
    {%- set as_of = var("tidemill_as_of") -%}
    {%- if as_of and not modules.re.fullmatch(_instant_pattern(), as_of | string) -%}
        {%- do exceptions.raise_compiler_error(
            "tidemill_as_of is '" ~ as_of ~ "': set it to an instant such as 2026-03-31T00:00:00Z."
        ) -%}
    {%- endif -%}
    {%- if execute -%}
        {%- do _check_in_database(
            "tidemill_reporting_timezone", "pg_timezone_names", "name",
            "an IANA zone such as Europe/Paris"
        ) -%}
        {%- if "lago" in sources -%}
            {%- do _check_in_database(
                "tidemill_lago_schema", "pg_namespace", "nspname",
                "the schema that holds Lago's tables"
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- ISO 8601, a date or a date and a time. -#}
{% macro _instant_pattern() -%}
    {%- do return("\\d{4}-\\d\\d-\\d\\d([ T]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z|[+-]\\d\\d(:?\\d\\d)?)?)?") -%}
{%- endmacro %}

{#- Refuse a value that a system catalog does not hold. -#}
{% macro _check_in_database(name, catalog, column, advice) -%}
    {%- set found = run_query(
        "select count(*) from pg_catalog." ~ catalog
        ~ " where " ~ column ~ " = '" ~ var(name) | string | replace("'", "''") ~ "'"
    ) -%}
    {%- if found.columns[0].values()[0] == 0 -%}
        {%- do exceptions.raise_compiler_error(
            name ~ " is '" ~ var(name) ~ "': set it to " ~ advice ~ "."
        ) -%}
    {%- endif -%}
{%- endmacro %}
