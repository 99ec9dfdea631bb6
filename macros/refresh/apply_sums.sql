{#- Sums over customers (`refresh: sums`): what the touched ones had in them is taken away, and what they
    have now is added. The others' rows are not read.

    Of a sum, the columns that its test is_unique_by names are the key; all others are added up. What
    nobody is in has only zeros and is gone: a model in which somebody could leave nothing but zeros
    counts what it adds up, too. -#}
{% macro _find_shares(build) -%}
create or replace procedure {{ build }}.find_shares()
language plpgsql
as $refresh$
declare
    recipe {{ build }}.refresh_recipes;
    was timestamptz := (select as_of from {{ build }}.refresh_state);
begin
    create temporary table parts_before on commit drop as
    with recursive needed as (
        select unnest(needs) as name from {{ build }}.refresh_recipes where kind = 'sums'
        union
        select unnest(recipes.needs) as name
        from needed
        inner join {{ build }}.refresh_recipes as recipes on needed.name = recipes.name
        where recipes.is_view
    )

    select recipes.*
    from needed
    inner join {{ build }}.refresh_recipes as recipes on needed.name = recipes.name
    where recipes.kind = 'customer' and recipes.resource = 'model';
    for recipe in select * from parts_before order by is_source desc, step loop
        if recipe.is_view then
            call {{ build }}.evaluate(recipe, was, 'prev');
        else
            execute format(
                'create temporary table %I on commit drop as select * from %s '
                'where (%s) in (table touched)',
                'prev_' || recipe.name,
                recipe.relation,
                {{ build }}.listed(recipe.customer_columns)
            );
            execute format('analyze %I', 'prev_' || recipe.name);
        end if;
    end loop;
    for recipe in select * from {{ build }}.refresh_recipes where kind = 'sums' order by step loop
        call {{ build }}.make(format(
            'create temporary table %I on commit drop as %s',
            'share_' || recipe.name, {{ build }}.code_of(recipe, was, 'prev')
        ));
    end loop;
    for recipe in select * from parts_before order by is_source, step desc loop
        execute format(
            'drop %s %I', case when recipe.is_view then 'view' else 'table' end, 'prev_' || recipe.name
        );
    end loop;
    drop table parts_before;
end
$refresh$
{%- endmacro %}

{% macro _apply_sums(build) -%}
create or replace procedure {{ build }}.apply_sums(
    recipe {{ build }}.refresh_recipes, now_is timestamptz
)
language plpgsql
as $refresh$
declare
    keys text := {{ build }}.listed(recipe.unique_key);
    has_now text;
    had text;
    summed text;
    is_other text;
    result text;
    is_left text;
begin
    select
        string_agg(format('%I', attname), ', ' order by attnum),
        string_agg(format('-%I', attname), ', ' order by attnum),
        string_agg(format('sum(%1$I) as %1$I', attname), ', ' order by attnum),
        string_agg(format('sum(%I) <> 0', attname), ' or ' order by attnum),
        string_agg(
            format('coalesce(live.%1$I, 0) + shares.%1$I as %1$I', attname), ', ' order by attnum
        ),
        string_agg(
            format('coalesce(live.%1$I, 0) + shares.%1$I <> 0', attname), ' or ' order by attnum
        )
    into strict has_now, had, summed, is_other, result, is_left
    from pg_attribute
    where
        attrelid = to_regclass(recipe.relation)
        and attnum > 0
        and not attisdropped
        and attname <> all(recipe.unique_key);
    call {{ build }}.make(format(
        'create temporary table shares on commit drop as with now_there as (%1$s) '
        'select %2$s, %3$s from (select %2$s, %4$s from now_there '
        'union all select %2$s, %5$s from %6$I) as differences (%2$s, %4$s) '
        'group by %2$s having %7$s',
        {{ build }}.code_of(recipe, now_is, 'next'),
        keys, summed, has_now, had, 'share_' || recipe.name, is_other
    ));
    analyze shares;
    execute format(
        'create temporary table %1$I on commit drop as '
        'select %2$s, %3$s from shares left join %4$s as live using (%2$s) where %5$s',
        'whole_' || recipe.name, keys, result, recipe.relation, is_left
    );
    call {{ build }}.apply(
        recipe, 'whole_' || recipe.name, format('(%1$s) in (select %1$s from shares)', keys)
    );
    execute format('drop table %I', 'whole_' || recipe.name);
    drop table shares;
end
$refresh$
{%- endmacro %}
