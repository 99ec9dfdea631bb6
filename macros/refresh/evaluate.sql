{#- Compute a relation by the SQL of its recipe, of the rows of a few customers: what has such rows
    (rows_<source>_<table>, next_<model>) is read there, everything else where it is.

    prefix is that of the temporary relation that is made; parts are those to be read: next for what
    is new, or prev for what was there before. -#}
{% macro _evaluate(build) -%}
create or replace function {{ build }}.code_of(
    recipe {{ build }}.refresh_recipes, now_is timestamptz, parts text
)
returns text
language plpgsql
as $refresh$
declare
    code text := replace(recipe.code, '<now>', now_is::text);
    one record;
begin
    for one in
        select
            recipes.relation,
            parts || '_' || recipes.name as part
        from {{ build }}.refresh_recipes as recipes
        where
            recipes.name = any(recipe.needs)
            and to_regclass(format('pg_temp.%I', parts || '_' || recipes.name)) is not null
        union all
        select
            sources.relation,
            'rows_' || sources.source || '_' || sources.name as part
        from {{ build }}.refresh_sources as sources
        where
            sources.source || '.' || sources.name = any(recipe.reads)
            and to_regclass(format('pg_temp.%I', 'rows_' || sources.source || '_' || sources.name))
            is not null
    loop
        code := replace(code, one.relation, format('pg_temp.%I', one.part));
    end loop;
    return code;
end
$refresh$;
create or replace procedure {{ build }}.make(statement text)
language plpgsql
as $refresh$
begin
    if (select count(*) from candidates) > 100 then
        call {{ build }}.make_of_many(statement);
    else
        execute statement;
    end if;
end
$refresh$;
create or replace procedure {{ build }}.make_of_many(statement text)
language plpgsql
-- The planner takes joins over several columns for a few rows, and loops over many.
set enable_nestloop = off
as $refresh$
begin
    execute statement;
end
$refresh$;
create or replace procedure {{ build }}.evaluate(
    recipe {{ build }}.refresh_recipes, now_is timestamptz, parts text
)
language plpgsql
as $refresh$
begin
    call {{ build }}.make(format(
        'create %s %I %s as %s',
        case when recipe.is_view then 'or replace temporary view' else 'temporary table' end,
        parts || '_' || recipe.name,
        case when recipe.is_view then '' else 'on commit drop' end,
        {{ build }}.code_of(recipe, now_is, parts)
    ));
    if not recipe.is_view then
        execute format('analyze %I', parts || '_' || recipe.name);
    end if;
end
$refresh$
{%- endmacro %}

{#- What all customers say together, a refresh does not take apart: what is known stays until the next
    whole build. What the candidates say of something that is not known yet is added. -#}
{% macro _add_unknown(build) -%}
create or replace procedure {{ build }}.add_unknown(
    recipe {{ build }}.refresh_recipes, now_is timestamptz
)
language plpgsql
as $refresh$
declare
    names text;
    came bigint;
begin
    execute format(
        'create temporary table %I on commit drop as %s',
        'added_' || recipe.name, {{ build }}.code_of(recipe, now_is, 'next')
    );
    select string_agg(quote_ident(attname), ', ' order by attnum) into strict names
    from pg_attribute
    where
        attrelid = to_regclass(format('pg_temp.%I', 'added_' || recipe.name)) and attnum > 0;
    execute format(
        'insert into %1$s (%2$s) select %2$s from %3$I as added where not exists ('
        'select from %1$s as known where %4$s)',
        recipe.relation, names, 'added_' || recipe.name,
        (
            select string_agg(format('known.%1$I = added.%1$I', keys.name), ' and ')
            from unnest(recipe.unique_key) as keys (name)
        )
    );
    get diagnostics came = row_count;
    if came > 0 then
        insert into changed values (recipe.name) on conflict do nothing;
    end if;
end
$refresh$
{%- endmacro %}

{#- What a snapshot of dbt's (strategy check) would add to the history, of these rows. -#}
{% macro _capture(build) -%}
create or replace procedure {{ build }}.capture(
    recipe {{ build }}.refresh_recipes, now_is timestamptz
)
language plpgsql
as $refresh$
declare
    key text := quote_ident(recipe.unique_key[1]);
    names text;
begin
    execute format(
        'create temporary table %I on commit drop as %s',
        'seen_' || recipe.name, {{ build }}.code_of(recipe, now_is, 'next')
    );
    execute format(
        'delete from %1$I as seen using %2$s as known '
        'where known.%3$s = seen.%3$s and known.dbt_valid_to is null and (%4$s)',
        'seen_' || recipe.name, recipe.relation, key,
        (
            select string_agg(
                format('known.%1$I is not distinct from seen.%1$I', checked.name), ' and '
            )
            from unnest(recipe.check_columns) as checked (name)
        )
    );
    execute format(
        'update %2$s as known set dbt_valid_to = $1 from %1$I as seen '
        'where known.%3$s = seen.%3$s and known.dbt_valid_to is null',
        'seen_' || recipe.name, recipe.relation, key
    )
    using now_is::timestamp;
    select string_agg(quote_ident(pg_attribute.attname), ', ' order by pg_attribute.attnum)
    into strict names
    from pg_attribute
    where
        pg_attribute.attrelid = to_regclass(format('pg_temp.%I', 'seen_' || recipe.name))
        and pg_attribute.attnum > 0;
    execute format(
        'insert into %2$s (%4$s, dbt_scd_id, dbt_updated_at, dbt_valid_from, dbt_valid_to) '
        'select %4$s, md5(%3$s::text || ''|'' || $1::text), $1, $1, null from %1$I',
        'seen_' || recipe.name, recipe.relation, key, names
    )
    using now_is::timestamp;
    -- The history of these rows is what models of these customers read.
    if exists (
        select from {{ build }}.refresh_recipes as needed
        where
            needed.name = any(recipe.needs)
            and to_regclass(format('pg_temp.%I', 'next_' || needed.name)) is not null
    ) then
        execute format(
            'create temporary table %I on commit drop as select * from %s '
            'where %s in (select %s from (%s) as seen) %s',
            'next_' || recipe.name, recipe.relation, key, key,
            {{ build }}.code_of(recipe, now_is, 'next'),
            -- Also of rows that are gone.
            case
                when recipe.customer_columns <> '{}' then format(
                    'or %I in (select id from candidates)', recipe.customer_columns[1]
                )
                else ''
            end
        );
    end if;
end
$refresh$
{%- endmacro %}
