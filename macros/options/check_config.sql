{#- Refuse a wrong or contradictory option by name, before anything is built. -#}
{% macro check_config() -%}
    {%- for choice in option_catalogue() -%}
        {%- do _check_option(choice) -%}
    {%- endfor -%}
    {%- for one, value, other, other_value, why in option_contradictions() -%}
        {%- if option(one) == value and option(other) == other_value -%}
            {%- do exceptions.raise_compiler_error(
                "tidemill_" ~ one ~ " is '" ~ value ~ "' and tidemill_" ~ other ~ " is '" ~ other_value
                ~ "': " ~ why ~ "; change one of them."
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if option("fx_mode") != "daily" and not option("reporting_currency") -%}
        {%- do exceptions.raise_compiler_error(
            "tidemill_fx_mode is '" ~ option("fx_mode") ~ "' and tidemill_reporting_currency is null: "
            ~ "nothing is converted; name a currency, or leave the mode at daily."
        ) -%}
    {%- endif -%}
    {%- set sources = var("tidemill_billing_sources") -%}
    {%- if sources is string or not sources -%}
        {%- do _refuse("tidemill_billing_sources", sources, "a list such as [lago]") -%}
    {%- endif -%}
    {%- set as_of = var("tidemill_as_of") -%}
    {%- if as_of and not modules.re.fullmatch(_instant_pattern(), as_of | string) -%}
        {%- do _refuse("tidemill_as_of", as_of, "an instant such as 2026-03-31T00:00:00Z") -%}
    {%- endif -%}
    {%- set max_row_loss = var("tidemill_max_row_loss") -%}
    {%- if not modules.re.fullmatch("0|1|0?\\.\\d+|1\\.0+", max_row_loss | string) -%}
        {%- do _refuse("tidemill_max_row_loss", max_row_loss, "a share from 0 to 1") -%}
    {%- endif -%}
    {%- if execute -%}
        {%- do _check_in_database(
            "tidemill_reporting_timezone", "pg_timezone_names", "name",
            "an IANA zone such as Europe/Paris"
        ) -%}
        {%- for given in var("tidemill_tenant_timezones") -%}
            {%- do _check_in_database(
                "tidemill_tenant_timezones", "pg_timezone_names", "name",
                "zones by tenant such as [acme=Europe/Paris]", given.rpartition("=")[2]
            ) -%}
        {%- endfor -%}
        {%- if "lago" in sources -%}
            {%- do _check_in_database(
                "tidemill_lago_schema", "pg_namespace", "nspname",
                "the schema that holds Lago's tables"
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Refuse a value, or a value of a list, that an option of the catalogue does not take. -#}
{% macro _check_option(choice) -%}
    {%- set name = "tidemill_" ~ choice.name -%}
    {%- set given = var(name) -%}
    {%- set words = choice.words or ("one of " ~ choice.choices | join(", ")) -%}
    {%- if choice.is_list -%}
        {%- set words = choice.words or ("a list of " ~ choice.choices | join(", ")) -%}
        {%- set is_right = given is not string and given is iterable
            and (given or not choice.default) -%}
        {%- set members = given if is_right else [] -%}
    {%- else -%}
        {%- set is_right = given is not none or choice.default is none -%}
        {%- set members = [] if given is none else [given] -%}
    {%- endif -%}
    {%- set checked = namespace(is_right=is_right) -%}
    {%- for member in members -%}
        {%- set text = member | string | lower if member is boolean else member | string -%}
        {%- if choice.choices -%}
            {%- set fits = text in choice.choices -%}
        {%- else -%}
            {%- set fits = modules.re.fullmatch(choice.pattern, text) -%}
        {%- endif -%}
        {%- if not fits -%}{%- set checked.is_right = false -%}{%- endif -%}
    {%- endfor -%}
    {%- if not checked.is_right -%}
        {%- do _refuse(name, given, words) -%}
    {%- endif -%}
{%- endmacro %}

{% macro _refuse(name, value, advice) -%}
    {%- do exceptions.raise_compiler_error(name ~ " is '" ~ value ~ "': set it to " ~ advice ~ ".") -%}
{%- endmacro %}

{#- ISO 8601, a date or a date and a time. -#}
{% macro _instant_pattern() -%}
    {%- do return("\\d{4}-\\d\\d-\\d\\d([ T]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z|[+-]\\d\\d(:?\\d\\d)?)?)?") -%}
{%- endmacro %}

{#- Refuse a value, or a part of it, that a system catalog does not hold. -#}
{% macro _check_in_database(name, catalog, column, advice, part=none) -%}
    {%- set found = run_query(
        "select count(*) from pg_catalog." ~ catalog
        ~ " where " ~ column ~ " = '" ~ (part or var(name)) | string | replace("'", "''") ~ "'"
    ) -%}
    {%- if found.columns[0].values()[0] == 0 -%}
        {%- do _refuse(name, var(name), advice) -%}
    {%- endif -%}
{%- endmacro %}
