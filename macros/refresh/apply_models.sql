{#- Put what was computed in the place of what stands. Rows are only deleted and inserted, so that
    readers never wait, and see it all when the transaction ends. -#}
{% macro _apply(build) -%}
create or replace procedure {{ build }}.apply_customers(recipe {{ build }}.refresh_recipes)
language plpgsql
as $refresh$
declare
    names text;
    gone bigint;
    came bigint;
begin
    select string_agg(quote_ident(attname), ', ' order by attnum) into strict names
    from pg_attribute
    where
        attrelid = to_regclass(format('pg_temp.%I', 'next_' || recipe.name)) and attnum > 0;
    execute format(
        'delete from %s where (%s) in (table touched)',
        recipe.relation,
        (select string_agg(quote_ident(c.name), ', ') from unnest(recipe.customer_columns) as c (name))
    );
    get diagnostics gone = row_count;
    execute format(
        'insert into %s (%s) select %s from %I',
        recipe.relation, names, names, 'next_' || recipe.name
    );
    get diagnostics came = row_count;
    if gone + came > 0 then
        insert into changed values (recipe.name) on conflict do nothing;
    end if;
end
$refresh$;
create or replace procedure {{ build }}.apply_whole(
    recipe {{ build }}.refresh_recipes, now_is timestamptz
)
language plpgsql
as $refresh$
declare
    next_name text := 'whole_' || recipe.name;
    names text;
    same text;
    is_restated boolean;
    gone bigint;
    came bigint;
begin
    execute format(
        'create temporary table %I on commit drop as %s',
        next_name, replace(recipe.code, '<now>', now_is::text)
    );
    select
        string_agg(quote_ident(attname), ', ' order by attnum),
        string_agg(
            format('live.%1$I is not distinct from made.%1$I', attname), ' and ' order by attnum
        )
    into strict names, same
    from pg_attribute
    where attrelid = to_regclass(format('pg_temp.%I', next_name)) and attnum > 0;
    execute format('analyze %I', next_name);
    execute format(
        'create temporary table %1$I on commit drop as '
        'select live.ctid as live_row, made.ctid as made_row '
        'from %2$s as live full join %3$I as made on %4$s '
        'where not coalesce(%5$s, false) or live.ctid is null or made.ctid is null',
        'differing_' || recipe.name, recipe.relation, next_name,
        -- What has no key is known by all it says.
        coalesce(
            (
                select string_agg(format('live.%1$I = made.%1$I', keys.name), ' and ')
                from unnest(recipe.unique_key) as keys (name)
            ),
            'md5(live::text) = md5(made::text)'
        ),
        same
    );
    execute format(
        'delete from %s where ctid = any(array(select live_row from %I where live_row is not null))',
        recipe.relation, 'differing_' || recipe.name
    );
    get diagnostics gone = row_count;
    execute format(
        'insert into %s (%s) select %s from %I '
        'where ctid = any(array(select made_row from %I where made_row is not null))',
        recipe.relation, names, names, next_name, 'differing_' || recipe.name
    );
    get diagnostics came = row_count;
    if gone + came > 0 then
        insert into changed values (recipe.name) on conflict do nothing;
    end if;
    if recipe.kind = 'growing' then
        execute format(
            'select exists (select from %I where live_row is not null and made_row is not null)',
            'differing_' || recipe.name
        ) into is_restated;
        if is_restated then
            raise exception '% says something else of the past', recipe.name
                using errcode = 'TM001';
        end if;
    end if;
    if to_regclass('pg_temp.drift') is not null then
        insert into drift values (recipe.name, gone, came);
    end if;
    execute format('drop table %I, %I', next_name, 'differing_' || recipe.name);
end
$refresh$
{%- endmacro %}

{#- All models of no engine, after those that they are built on: of touched customers, or whole where
    something that they read has changed. -#}
{% macro _apply_models(build) -%}
create or replace procedure {{ build }}.apply_models(now_is timestamptz)
language plpgsql
as $refresh$
declare
    recipe {{ build }}.refresh_recipes;
    is_touched boolean := exists (select from touched);
    day_before date := (select as_of_date from {{ build }}.as_of);
begin
    for recipe in
        select * from {{ build }}.refresh_recipes
        where resource = 'model' and (is_fact or not is_source)
        order by is_source desc, step
    loop
        if recipe.is_fact then
            if to_regclass(format('pg_temp.%I', 'next_' || recipe.name)) is not null then
                call {{ build }}.apply_customers(recipe);
            end if;
        elsif recipe.name = 'as_of' then
            call {{ build }}.apply_whole(recipe, now_is);
            delete from changed where name = 'as_of';
            insert into changed values ('as_of (instant)');
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
            if exists (
                select from changed where name = any(recipe.needs)
                union all
                select from changed_shared where source || '.' || name = any(recipe.reads)
            ) then
                insert into changed values (recipe.name) on conflict do nothing;
            end if;
            if recipe.reads_instant then
                insert into changed values (recipe.name) on conflict do nothing;
            end if;
        elsif recipe.kind = 'customer' then
            -- What looks at the day, or at what all customers are, is another for everybody.
            if
                exists (select from changed where name = any(recipe.whole_with))
                or (
                    'as_of' = any(recipe.needs)
                    and recipe.code ~ 'as_of_date'
                    and exists (select from changed where name = 'as_of')
                )
            then
                call {{ build }}.apply_whole(recipe, now_is);
            end if;
            if is_touched then
                call {{ build }}.evaluate(recipe, now_is, 'next');
                call {{ build }}.apply_customers(recipe);
            end if;
        elsif
            recipe.reads_instant
            or exists (
                select from changed where name = any(recipe.needs)
                union all
                select from changed_shared where source || '.' || name = any(recipe.reads)
            )
        then
            call {{ build }}.apply_whole(recipe, now_is);
        end if;
    end loop;
end
$refresh$
{%- endmacro %}
