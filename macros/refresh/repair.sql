{#- Compute everything anew of all rows, as a whole build would, and put right what differs: drift says
    how many rows of each relation did. After a refresh none should, in the surface and what is made
    of it; what an engine's rows are made into before that is kept up by this and by whole builds. -#}
{% macro _repair(build) -%}
create or replace procedure {{ build }}.repair(now_is timestamptz)
language plpgsql
set client_min_messages = warning
set jit = off
as $refresh$
declare
    recipe {{ build }}.refresh_recipes;
begin
    create temporary table changed (name text primary key) on commit drop;
    create temporary table drift (name text, gone bigint, came bigint) on commit drop;
    for recipe in
        select * from {{ build }}.refresh_recipes where resource <> 'test' order by step
    loop
        if recipe.resource = 'snapshot' then
            call {{ build }}.capture(recipe, now_is);
        elsif not recipe.is_view then
            call {{ build }}.apply_whole(recipe, now_is);
        end if;
    end loop;
    delete from drift
    where
        gone + came = 0
        or name in (
            select recipes.name from {{ build }}.refresh_recipes as recipes
            where recipes.name = 'as_of' or (recipes.is_source and not recipes.is_fact)
        );
    create temporary table touched as
    select
        ''::text as billing_source,
        ''::text as tenant_id,
        ''::text as customer_id
    where false;
    call {{ build }}.keep_due(now_is, true);
    update {{ build }}.refresh_state
    set as_of = now_is, seen_xid = pg_snapshot_xmin(pg_current_snapshot());
end
$refresh$
{%- endmacro %}
