{#- Every set of definitions that numbers were published under, in <schema>_history, which nothing
    prunes. `tidemill run` and `tidemill rollback` add a set in the transaction that points readers
    at the build; plain dbt, whose builds are read as they are made, when it builds
    metric_definitions. -#}
{% macro definitions_history() -%}
    "{{ target.schema }}_history"."definitions_history"
{%- endmacro %}

{#- The table, made when it is missing. -#}
{% macro create_definitions_history() -%}
    {%- set schema = target.schema ~ "_history" -%}
    do $$
    begin
        if to_regnamespace('"{{ schema }}"') is null then
            create schema if not exists "{{ schema }}";
        end if;

        if to_regclass('{{ definitions_history() }}') is null then
            create table if not exists {{ definitions_history() }} (
                observed_at timestamptz not null,
                option text not null,
                value text not null,
                default_value text not null,
                effect text not null,
                definitions_hash text not null,
                unique (observed_at, option)
            );
            comment on table {{ definitions_history() }} is
                'One row per set of definitions that numbers were published under and option. A set '
                'that returns has rows of its own.';
        end if;
    end
    $$
{%- endmacro %}

{#- Add the set of this build, a hook of metric_definitions: where it is not the one that was added
    last, the relation shows it as the one that comes next. -#}
{% macro record_definitions() -%}
    {%- if not env_var("TIDEMILL_BUILD_SCHEMA", "") -%}
    insert into {{ definitions_history() }}
        (observed_at, option, value, default_value, effect, definitions_hash)
    select in_force_from, option, value, default_value, effect, definitions_hash
    from {{ this }}
    where
        in_force_to is null
        and not exists (
            select from {{ definitions_history() }} as recorded
            where recorded.observed_at = metric_definitions.in_force_from
        )
    {%- endif -%}
{%- endmacro %}
