{#- The procedures of a refresh, in the schema of the build that they refresh. Whoever calls

        begin isolation level repeatable read;
        call <build>.refresh(now());
        commit;

    has every relation of the build as a build of that instant would make it: dbt, psql, a scheduler
    in the database, or `tidemill refresh`, which also sees to it that nobody has to wait.

    Errors: TM001, where only a whole build will do, and why; TM002, where a test found something. -#}
{% macro create_refresh(build) -%}
    {%- for procedure in [
        _name_kinds(build), _index_lookups(build), _refresh_procedure(build),
        _begin_refreshing(build), _check_sources(build), _owners(build), _find_candidates(build),
        _take_turns(build), _read_rows(build), _evaluate(build), _add_unknown(build),
        _capture(build), _make_facts(build), _find_touched(build), _apply(build), _narrow(build),
        _find_shares(build), _apply_sums(build), _apply_models(build), _keep_due(build),
        _check_tests(build), _repair(build)
    ] %}
    {{ procedure }};
    {%- endfor %}
{%- endmacro %}

{#- All steps in order. What was found before is in temporary tables that go with the transaction. -#}
{% macro _refresh_procedure(build) -%}
create or replace procedure {{ build }}.refresh(
    now_is timestamptz, bound interval default '1 day', pages_at_once bigint default 8192
)
language plpgsql
set client_min_messages = warning
set jit = off
-- Rows of a few customers are found by index, also where the server has not been told that its disk
-- does not turn.
set random_page_cost = 1.1
-- What is analyzed is read once or twice.
set default_statistics_target = 10
as $refresh$
declare
    state {{ build }}.refresh_state;
begin
    perform from ({{ lock_refreshing() }}) as locked;
    select * into state from {{ build }}.refresh_state for update;
    if not coalesce(state.is_whole, false) then
        raise exception 'the last build was not a whole one' using errcode = 'TM001';
    end if;
    if now_is < state.as_of then
        raise exception 'the numbers are of % already', state.as_of using errcode = 'TM001';
    end if;
    call {{ build }}.check_sources();
    call {{ build }}.find_candidates(
        state.seen_xid, state.as_of, now_is, bound, pages_at_once
    );
    call {{ build }}.take_turns(state.next_turn, now_is - state.as_of, bound);
    call {{ build }}.read_rows();
    call {{ build }}.make_facts(now_is);
    call {{ build }}.find_touched(now_is);
    call {{ build }}.apply_models(now_is);
    call {{ build }}.keep_due(now_is);
    call {{ build }}.check_tests(now_is);
    update {{ build }}.refresh_state
    set
        as_of = now_is,
        seen_xid = pg_snapshot_xmin(pg_current_snapshot()),
        next_turn = (select turn from next_turn);
end
$refresh$
{%- endmacro %}

{#- After a whole build: from here on changes are looked for. -#}
{% macro _begin_refreshing(build) -%}
create or replace procedure {{ build }}.begin_refreshing(now_is timestamptz)
language plpgsql
set client_min_messages = warning
as $refresh$
begin
    update {{ build }}.refresh_state
    set is_whole = true, as_of = now_is, seen_xid = begun_xid;
    update {{ build }}.refresh_sources
    set
        round_xid = (select begun_xid from {{ build }}.refresh_state),
        last_round_xid = (select begun_xid from {{ build }}.refresh_state);
    call {{ build }}.name_kinds();
    call {{ build }}.index_lookups();
    create temporary table touched as
    select
        ''::text as billing_source,
        ''::text as tenant_id,
        ''::text as customer_id
    where false;
    call {{ build }}.keep_due(now_is, true);
    drop table touched;
end
$refresh$
{%- endmacro %}

{#- What follows from what: a model of an engine is shared when all that it is made of is, a test is of
    customers when all it looks at are, and what names the instant of as_of changes with it. -#}
{% macro _name_kinds(build) -%}
create or replace procedure {{ build }}.name_kinds()
language plpgsql
as $refresh$
declare
    recipe {{ build }}.refresh_recipes;
    is_of_customers boolean;
begin
    for recipe in select * from {{ build }}.refresh_recipes order by step loop
        is_of_customers := exists (
            select from {{ build }}.refresh_recipes as needed
            where needed.name = any(recipe.needs) and needed.kind = 'customer'
            union all
            select from {{ build }}.refresh_sources as sources
            where sources.source || '.' || sources.name = any(recipe.reads) and not sources.is_shared
        );
        update {{ build }}.refresh_recipes
        set
            kind = case
                when recipe.resource = 'test'
                    then case
                        when recipe.kind = 'rows' and cardinality(recipe.needs) = 1 then 'rows'
                        when recipe.by_columns <> '{}' then 'parts'
                        when is_of_customers and not exists (
                            select from {{ build }}.refresh_recipes as needed
                            where
                                needed.name = any(recipe.needs)
                                and needed.name <> 'as_of'
                                and needed.kind not in ('customer', 'shared')
                        ) then 'customer'
                        else 'whole'
                    end
                when recipe.kind is not null then recipe.kind
                when recipe.is_source
                    then case when is_of_customers then 'customer' else 'shared' end
                when recipe.is_view and is_of_customers and not exists (
                    select from {{ build }}.refresh_recipes as needed
                    where
                        needed.name = any(recipe.needs)
                        and needed.name <> 'as_of'
                        and needed.kind not in ('customer', 'shared')
                ) then 'customer'
                else 'whole'
            end,
            reads_instant = recipe.resource = 'model'
                and 'as_of' = any(recipe.needs)
                and regexp_replace(recipe.code, '"[^"]*"|--[^\n]*', '', 'g') ~ '\mas_of\M(?!\.)'
        where step = recipe.step;
    end loop;
end
$refresh$
{%- endmacro %}

{#- Where a few customers, or sums, are looked up, in tables too large to be read through for it. -#}
{% macro _index_lookups(build) -%}
create or replace procedure {{ build }}.index_lookups()
language plpgsql
as $refresh$
declare
    one record;
begin
    for one in
        select
            recipes.name,
            recipes.relation,
            keys.columns
        from {{ build }}.refresh_recipes as recipes
        cross join lateral (
            select array[column_name] as columns
            from unnest(recipes.unique_key || recipes.customer_columns) as of_snapshot (column_name)
            where recipes.resource = 'snapshot'
            union all
            select recipes.unique_key
            where recipes.kind = 'sums'
            union all
            select recipes.customer_columns[cardinality(recipes.customer_columns):]
            where recipes.kind = 'customer' and recipes.resource <> 'snapshot'
        ) as keys
        where
            not recipes.is_view
            and recipes.resource <> 'test'
            and (recipes.is_fact or not recipes.is_source or recipes.resource = 'snapshot')
            and pg_relation_size(to_regclass(recipes.relation)) > 8 * 1024 * 1024
    loop
        execute format(
            'create index if not exists %I on %s (%s)',
            left(one.name, 40) || '_by_' || left(array_to_string(one.columns, '_'), 16),
            one.relation,
            {{ build }}.listed(one.columns)
        );
    end loop;
end
$refresh$
{%- endmacro %}
