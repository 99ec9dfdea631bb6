{#- Put what was computed in the place of what stands, where it differs. Rows are only deleted and
    inserted, so that readers never wait, and see it all when the transaction ends.

    What each call needs for itself is kept in tables that all calls share, and that are truncated: to
    make one costs as much as what is done with it. -#}
{% macro _apply(build) -%}
create or replace procedure {{ build }}.apply(
    recipe {{ build }}.refresh_recipes, made_name text, scope text
)
language plpgsql
-- What is looked up is few, and known to be.
set enable_nestloop = on
as $refresh$
declare
    names text;
    same text;
    key text;
    numbered text := '';
    is_restated boolean;
begin
    select
        string_agg(quote_ident(attname), ', ' order by attnum),
        string_agg(
            format('live.%1$I is not distinct from made.%1$I', attname), ' and ' order by attnum
        )
    into strict names, same
    from pg_attribute
    where attrelid = to_regclass(format('pg_temp.%I', made_name)) and attnum > 0;
    if cardinality(recipe.unique_key) > 0 then
        select string_agg(format('live.%1$I = made.%1$I', keys.name), ' and ')
        into strict key
        from unnest(recipe.unique_key) as keys (name);
    else
        -- What has no key is known by all it says, and by how often it is said.
        key := 'live.said = made.said and live.copy = made.copy';
        numbered := format(
            ', md5(row(%1$s)::text) as said, '
            'row_number() over (partition by md5(row(%1$s)::text)) as copy',
            names
        );
    end if;
    create temporary table if not exists differing (live_row tid, made_row tid) on commit drop;
    truncate differing;
    execute format(
        'insert into differing '
        'select live.row_id as live_row, made.row_id as made_row '
        'from (select ctid as row_id, *%1$s from %2$s where %3$s) as live '
        'full join (select ctid as row_id, *%1$s from %4$I) as made on %5$s '
        'where not (%6$s) or live.row_id is null or made.row_id is null',
        numbered, recipe.relation, scope, made_name, key, same
    );
    if to_regclass('pg_temp.drift') is not null then
        insert into drift
        select recipe.name, count(live_row), count(made_row) from differing;
    end if;
    if not exists (select from differing) then
        return;
    end if;
    execute format(
        'create temporary table if not exists %I (like %s) on commit drop',
        'diff_' || recipe.name, recipe.relation
    );
    execute format(
        'insert into %2$I (%1$s) '
        'select %1$s from %3$s where ctid = any(array(select live_row from differing)) union all '
        'select %1$s from %4$I where ctid = any(array(select made_row from differing))',
        names, 'diff_' || recipe.name, recipe.relation, made_name
    );
    execute format(
        'delete from %s where ctid = any(array(select live_row from differing))', recipe.relation
    );
    execute format(
        'insert into %1$s (%2$s) select %2$s from %3$I '
        'where ctid = any(array(select made_row from differing))',
        recipe.relation, names, made_name
    );
    insert into changed values (recipe.name) on conflict do nothing;
    select exists (select from differing where live_row is not null and made_row is not null)
    into is_restated;
    if recipe.kind = 'growing' and is_restated then
        raise exception '% says something else of the past', recipe.name using errcode = 'TM001';
    end if;
end
$refresh$;
create or replace procedure {{ build }}.apply_customers(recipe {{ build }}.refresh_recipes)
language plpgsql
as $refresh$
begin
    call {{ build }}.apply(
        recipe,
        'next_' || recipe.name,
        format('(%s) in (table touched)', {{ build }}.listed(recipe.customer_columns))
    );
end
$refresh$;
create or replace procedure {{ build }}.apply_whole(
    recipe {{ build }}.refresh_recipes, now_is timestamptz
)
language plpgsql
-- Of all rows, and the planner takes joins over several columns for a few.
set enable_nestloop = off
as $refresh$
begin
    execute format(
        'create temporary table %I on commit drop as %s',
        'whole_' || recipe.name, replace(recipe.code, '<now>', now_is::text)
    );
    execute format('analyze %I', 'whole_' || recipe.name);
    call {{ build }}.apply(recipe, 'whole_' || recipe.name, 'true');
    execute format('drop table %I', 'whole_' || recipe.name);
end
$refresh$
{%- endmacro %}

{#- Of what a relation, or a test, is computed from, take only the parts (a slice, a period) in which
    something has changed: part_<name> is what there is of them. False where a change cannot be laid
    to a part, as it has no such column.

    Of flows, whose rows only add up over time, what was before the first day with a change (parts_since)
    is read as one row of each key for each beginning of a period that the day lies in; the rows of
    earlier periods stay.

    Of what keeps only the largest rows of each part, a part in which all that has changed was and is
    less than these is none. -#}
{% macro _narrow(build) -%}
create or replace function {{ build }}.narrow(
    recipe {{ build }}.refresh_recipes, now_is timestamptz
)
returns boolean
language plpgsql
as $refresh$
declare
    input record;
    by_columns text := {{ build }}.listed(recipe.by_columns);
    queries text[] := '{}';
    days text[] := '{}';
    since date;
begin
    if recipe.by_columns = '{}' then
        return false;
    end if;
    create temporary table if not exists inputs (
        like {{ build }}.refresh_recipes, has_changed boolean, has_parts boolean
    ) on commit drop;
    create temporary table if not exists parts_since (day date) on commit drop;
    truncate inputs, parts_since;
    insert into inputs
    with recursive needed as (
        select unnest(recipe.needs) as name
        union
        select unnest(recipes.needs) as name
        from needed
        inner join {{ build }}.refresh_recipes as recipes on needed.name = recipes.name
        where recipes.is_view
    )

    select
        recipes.*,
        exists (select from changed where changed.name = recipes.name) as has_changed,
        not exists (
            select from unnest(recipe.by_columns) as wanted (name)
            where not exists (
                select from pg_attribute
                where attrelid = to_regclass(recipes.relation) and attname = wanted.name
            )
        ) as has_parts
    from needed
    inner join {{ build }}.refresh_recipes as recipes on needed.name = recipes.name;
    if exists (
        select from inputs
        where
            not is_view
            and has_changed
            and (
                not has_parts
                or to_regclass(format('pg_temp.%I', 'diff_' || name)) is null
            )
    ) or not exists (select from inputs where not is_view and has_changed)
    then
        return false;
    end if;
    for input in select * from inputs where not is_view and has_changed loop
        queries := queries || format(
            'select %s from %I',
            concat_ws(', ', by_columns, quote_ident(recipe.largest ->> 'column')),
            'diff_' || input.name
        );
        if recipe.flows ? input.name then
            days := days || format(
                'select min(%I) from %I', recipe.flows ->> input.name, 'diff_' || input.name
            );
        end if;
    end loop;
    -- Null where something else than flows has changed, too.
    execute format(
        'insert into parts_since select min(day) from (%s) as changed (day)',
        case
            when cardinality(days) = cardinality(queries) then array_to_string(days, ' union all ')
            else 'select null::date'
        end
    );
    select day into since from parts_since;
    execute format(
        'create temporary table parts on commit drop as %s',
        case
            when recipe.largest = '{}' then array_to_string(queries, ' union ')
            else {{ build }}.parts_of_largest(recipe, array_to_string(queries, ' union all '))
        end
    );
    analyze parts;
    for input in select * from inputs where has_parts or is_view order by step loop
        if since is not null and recipe.flows ? input.name then
            execute {{ build }}.flow_since(input.name, recipe, since);
            execute format('analyze %I', 'part_' || input.name);
            continue;
        end if;
        -- A small part of many rows is copied by an index once, instead of looked for at each read.
        if not input.is_view and pg_relation_size(to_regclass(input.relation)) > 64 * 1024 * 1024 then
            call {{ build }}.copy_part(input.name, input.relation, by_columns);
            continue;
        end if;
        execute format(
            'create temporary view %I as %s',
            'part_' || input.name,
            case
                when input.is_view then {{ build }}.code_of(
                    (
                        select recipes from {{ build }}.refresh_recipes as recipes
                        where recipes.step = input.step
                    ),
                    now_is,
                    'part'
                )
                else format(
                    'select * from %s where (%s) in (table parts)', input.relation, by_columns
                )
            end
        );
    end loop;
    return true;
end
$refresh$;
create or replace function {{ build }}.parts_of_largest(
    recipe {{ build }}.refresh_recipes, changes text
)
returns text
language sql
stable
as $refresh$
    select format(
        'select %1$s from (select %1$s, max(%2$I) as largest from (%3$s) as changes group by %1$s) '
        'as differing left join (select %1$s, count(*) as kept, min(%2$I) as least from %4$s '
        'group by %1$s) as live using (%1$s) where kept is null or kept < %5$s or largest >= least',
        {{ build }}.listed(recipe.by_columns),
        recipe.largest ->> 'column',
        changes,
        recipe.relation,
        (recipe.largest ->> 'most')::integer
    )
$refresh$;
create or replace procedure {{ build }}.copy_part(part_of text, relation text, by_columns text)
language plpgsql
set enable_nestloop = on
as $refresh$
begin
    execute format(
        'create temporary table %I on commit drop as '
        'select * from %s where (%s) in (table parts)',
        'part_' || part_of, relation, by_columns
    );
    execute format('analyze %I', 'part_' || part_of);
end
$refresh$;
create or replace function {{ build }}.flow_since(
    flow_name text, recipe {{ build }}.refresh_recipes, since date
)
returns text
language plpgsql
stable
as $refresh$
declare
    flow {{ build }}.refresh_recipes;
    day text := recipe.flows ->> flow_name;
    sums text;
    starts date[];
begin
    select * into strict flow from {{ build }}.refresh_recipes where name = flow_name;
    select string_agg(
        format('sum(%1$I)::%2$s as %1$I', attname, format_type(atttypid, atttypmod)), ', '
        order by attnum
    )
    into strict sums
    from pg_attribute
    where
        attrelid = to_regclass(flow.relation)
        and attnum > 0
        and not attisdropped
        and attname <> all(flow.unique_key);
    select array_agg(distinct {{ period_start('grain', 'since') }}) into strict starts
    from {{ period_grains() }} as grains;
    return format(
        'create temporary table %1$I on commit drop as '
        'select %4$s, case when %5$I >= %7$L then %5$I '
        'else (%8$L::date[])[1 + width_bucket(%5$I, %9$L::date[])] end as %5$I, %6$s '
        'from %2$s where (%3$s) in (table parts) group by %4$s, %10$s',
        'part_' || flow_name,
        flow.relation,
        {{ build }}.listed(recipe.by_columns),
        {{ build }}.listed(array_remove(flow.unique_key, day)),
        day,
        sums,
        since,
        starts[1] - 1 || starts,
        starts,
        cardinality(flow.unique_key)
    );
end
$refresh$;
create or replace procedure {{ build }}.widen()
language plpgsql
as $refresh$
declare
    input record;
begin
    for input in
        select
            pg_class.relname,
            case pg_class.relkind when 'v' then 'view' else 'table' end as kind
        from inputs
        inner join pg_class
            on pg_class.oid = to_regclass(format('pg_temp.%I', 'part_' || inputs.name))
        order by inputs.step desc
    loop
        execute format('drop %s %I', input.kind, input.relname);
    end loop;
    drop table parts;
end
$refresh$;
create or replace procedure {{ build }}.apply_parts(
    recipe {{ build }}.refresh_recipes, now_is timestamptz
)
language plpgsql
-- Of all rows, and the planner takes joins over several columns for a few.
set enable_nestloop = off
as $refresh$
declare
    of_periods text;
begin
    if not {{ build }}.narrow(recipe, now_is) then
        call {{ build }}.apply_whole(recipe, now_is);
        return;
    end if;
    select format('period_start >= date_trunc(grain, %L::timestamp)::date', day) into of_periods
    from parts_since
    where day is not null;
    execute format(
        'create temporary table %I on commit drop as select * from (%s) as made%s',
        'whole_' || recipe.name,
        {{ build }}.code_of(recipe, now_is, 'part'),
        ' where ' || of_periods
    );
    execute format('analyze %I', 'whole_' || recipe.name);
    call {{ build }}.apply(
        recipe,
        'whole_' || recipe.name,
        format('(%s) in (table parts)', {{ build }}.listed(recipe.by_columns))
        || coalesce(' and ' || of_periods, '')
    );
    execute format('drop table %I', 'whole_' || recipe.name);
    call {{ build }}.widen();
end
$refresh$
{%- endmacro %}

{#- All models of no engine, after those that they are built on: of touched customers, by what these
    add to sums, of the parts that have changed, or whole. restated is what was computed of everybody,
    although it has rows of customers. -#}
{% macro _apply_models(build) -%}
create or replace procedure {{ build }}.apply_models(now_is timestamptz)
language plpgsql
as $refresh$
declare
    recipe {{ build }}.refresh_recipes;
    is_touched boolean := exists (select from touched);
    has_changed boolean;
    is_of_all boolean;
    day_before date := (select as_of_date from {{ build }}.as_of);
begin
    create temporary table restated (name text) on commit drop;
    if is_touched then
        call {{ build }}.find_shares();
    end if;
    for recipe in
        select * from {{ build }}.refresh_recipes
        where resource = 'model' and (is_fact or not is_source)
        order by is_source desc, step
    loop
        has_changed := exists (
            select from changed where name = any(recipe.needs)
            union all
            select from changed_shared where source || '.' || name = any(recipe.reads)
        );
        -- What looks at the day, or at what all customers are, is another for everybody.
        is_of_all :=
            recipe.kind in ('customer', 'sums')
            and not recipe.is_source
            and (
                exists (select from changed where name = any(recipe.whole_with))
                or exists (select from restated where name = any(recipe.needs))
                or (
                    'as_of' = any(recipe.needs)
                    and recipe.code ~ 'as_of_date'
                    and exists (select from changed where name = 'as_of')
                )
            );
        if is_of_all then
            insert into restated values (recipe.name);
        end if;
        if recipe.is_fact then
            if is_touched then
                call {{ build }}.apply_customers(recipe);
            end if;
        elsif recipe.name = 'as_of' then
            call {{ build }}.apply_whole(recipe, now_is);
            delete from changed where name = 'as_of';
            if day_before <> (select as_of_date from {{ build }}.as_of) then
                insert into changed values ('as_of');
            end if;
        elsif recipe.is_view then
            if is_touched and exists (
                select from unnest(recipe.needs) as needed (name)
                where to_regclass(format('pg_temp.%I', 'next_' || needed.name)) is not null
            )
            then
                call {{ build }}.evaluate(recipe, now_is, 'next');
            end if;
            if has_changed or recipe.reads_instant then
                insert into changed values (recipe.name) on conflict do nothing;
            end if;
        elsif recipe.kind in ('customer', 'sums') then
            if is_of_all then
                call {{ build }}.apply_whole(recipe, now_is);
            end if;
            if recipe.kind = 'customer' and is_touched then
                call {{ build }}.evaluate(recipe, now_is, 'next');
                call {{ build }}.apply_customers(recipe);
            elsif is_touched and not is_of_all then
                call {{ build }}.apply_sums(recipe, now_is);
            end if;
        elsif recipe.reads_instant then
            call {{ build }}.apply_whole(recipe, now_is);
        elsif has_changed then
            call {{ build }}.apply_parts(recipe, now_is);
        end if;
    end loop;
end
$refresh$
{%- endmacro %}
