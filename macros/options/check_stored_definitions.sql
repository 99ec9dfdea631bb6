{#- Refuse to build with other definitions than the database holds (`tidemill definitions set`): two
    schedules that do not agree would publish different numbers in turn. `tidemill run` has taken
    what is stored into account, and what its command line says besides is meant. -#}
{% macro check_stored_definitions() -%}
    {%- set stored = _stored_definitions() if _is_run() else {} -%}
    {%- set vars, named, told = {}, [], [] -%}
    {%- for choice in option_catalogue() if choice.name in stored -%}
        {%- set name, text = "tidemill_" ~ choice.name, stored[choice.name] -%}
        {%- do vars.update({name: _as_var(text)}) -%}
        {%- if option_text(var(name)) != text -%}
            {%- do named.append(choice.name) -%}
            {%- do told.append(name ~ " is '" ~ option_text(var(name)) ~ "' here and '" ~ text ~ "'") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if told -%}
        {%- set given = invocation_args_dict.get("vars") or {} -%}
        {%- set given = fromyaml(given) if given is string else given -%}
        {%- set merged = tojson(dict(given, **vars)) | replace("'", "'\\''") -%}
        {%- do exceptions.raise_compiler_error(
            told | join(", ") ~ " in " ~ target.schema ~ "_inputs.definitions: run `dbt "
            ~ flags.WHICH ~ " --vars '" ~ merged ~ "'`, or `tidemill definitions unset "
            ~ named | join(" ") ~ "`."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{#- The values that were chosen for good, as texts by the name of the option. -#}
{% macro _stored_definitions() -%}
    {%- set table = '"' ~ target.schema ~ '_inputs"."definitions"' -%}
    {%- set stored = {} -%}
    {%- if not env_var("TIDEMILL_BUILD_SCHEMA", "") and _exists(table) -%}
        {%- for option, value in run_query("select option, value from " ~ table).rows -%}
            {%- do stored.update({option: value}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do return(stored) -%}
{%- endmacro %}

{#- The var that a text stands for: instants and decimals as they are written. -#}
{% macro _as_var(text) -%}
    {%- set value = fromyaml(text) -%}
    {%- set is_meant = value is none or value is boolean or value is integer
        or (value is iterable and value is not string) -%}
    {%- do return(value if is_meant else text) -%}
{%- endmacro %}
