{#- The facts of the candidates, as their rows make them now, in next_<relation>. Lookups of no
    customer are made anew where a table that they are made of has changed. -#}
{% macro _make_facts(build) -%}
create or replace procedure {{ build }}.make_facts(now_is timestamptz)
language plpgsql
as $refresh$
declare
    recipe {{ build }}.refresh_recipes;
    has_parts boolean;
    has_changed boolean;
begin
    create temporary table changed (name text primary key) on commit drop;
    if (select count(distinct (source, id)) from candidates) > greatest(
        1000,
        (
            select 0.2 * coalesce(sum(greatest(pg_class.reltuples, 0)), 0)
            from {{ build }}.refresh_recipes as recipes
            inner join pg_class on pg_class.oid = to_regclass(recipes.relation)
            where recipes.is_fact and recipes.name like '%\_\_customers'
        )
    )
    then
        raise exception 'more than a fifth of all customers have changed' using errcode = 'TM001';
    end if;
    for recipe in
        select * from {{ build }}.refresh_recipes
        where is_source and resource <> 'test' order by step
    loop
        has_changed := exists (
            select from changed where name = any(recipe.needs)
            union all
            select from changed_shared where source || '.' || name = any(recipe.reads)
        );
        if recipe.kind = 'shared' then
            continue when not has_changed;
            if recipe.resource = 'snapshot' then
                call {{ build }}.capture(recipe, now_is);
                insert into changed values (recipe.name) on conflict do nothing;
            else
                call {{ build }}.apply_whole(recipe, now_is);
            end if;
            continue;
        end if;
        has_parts := exists (
            select from unnest(recipe.needs) as needed (name)
            where to_regclass(format('pg_temp.%I', 'next_' || needed.name)) is not null
            union all
            select from unnest(recipe.reads) as read (name)
            where
                to_regclass(format('pg_temp.%I', 'rows_' || replace(read.name, '.', '_')))
                is not null
        );
        continue when not has_parts;
        if recipe.resource = 'snapshot' then
            call {{ build }}.capture(recipe, now_is);
        elsif recipe.kind = 'kept' then
            call {{ build }}.add_unknown(recipe, now_is);
        else
            call {{ build }}.evaluate(recipe, now_is, 'next');
        end if;
    end loop;
end
$refresh$
{%- endmacro %}

{#- The customers whose facts are other ones than those that stand, or for whom an instant has come,
    with their families: parents may be counted with their children. -#}
{% macro _find_touched(build) -%}
create or replace procedure {{ build }}.find_touched(now_is timestamptz)
language plpgsql
as $refresh$
declare
    fact record;
    segments text;
begin
    create temporary table touched on commit drop as
    select distinct billing_source, tenant_id, customer_id
    from {{ build }}.refresh_due
    where due_at <= now_is;
    analyze candidates;
    create temporary table parents (
        billing_source text, tenant_id text, customer_id text, parent_customer_id text
    ) on commit drop;
    for fact in
        select
            recipes.relation,
            recipes.name,
            'next_' || recipes.name as next_name,
            (
                select string_agg(quote_ident(attname), ', ' order by attnum)
                from pg_attribute
                where
                    attrelid = to_regclass(format('pg_temp.%I', 'next_' || recipes.name))
                    and attnum > 0
            ) as names
        from {{ build }}.refresh_recipes as recipes
        where
            recipes.is_fact
            and to_regclass(format('pg_temp.%I', 'next_' || recipes.name)) is not null
    loop
        execute format(
            'delete from %I where (billing_source, customer_id) not in (table candidates) '
            'or customer_id is null',
            fact.next_name
        );
        execute format(
            'with now_there as (select %1$s from %2$I), '
            'there as (select %1$s from %3$s '
            'where (billing_source, customer_id) in (table candidates)) '
            'insert into touched select distinct billing_source, tenant_id, customer_id from ('
            '(table now_there except all table there) union all '
            '(table there except all table now_there)) as differing',
            fact.names, fact.next_name, fact.relation
        );
        if fact.name like '%\_\_customers' then
            execute format(
                'insert into parents select billing_source, tenant_id, customer_id, '
                'parent_customer_id from %1$I where parent_customer_id is not null union '
                'select billing_source, tenant_id, customer_id, parent_customer_id from %2$s '
                'where parent_customer_id is not null',
                fact.next_name, fact.relation
            );
        end if;
    end loop;
    create temporary table all_touched on commit drop as
    with recursive pairs as (
        select
            billing_source,
            tenant_id,
            customer_id,
            parent_customer_id as other_id
        from parents
        union
        select
            billing_source,
            tenant_id,
            parent_customer_id as customer_id,
            customer_id as other_id
        from parents
    ),

    family as (
        select
            billing_source,
            tenant_id,
            customer_id
        from touched
        union
        select
            family.billing_source,
            family.tenant_id,
            pairs.other_id as customer_id
        from family
        inner join pairs using (billing_source, tenant_id, customer_id)
    )

    select * from family;
    delete from touched;
    insert into touched select * from all_touched;
    -- Who is touched is so in every segment, too: in that it was in, and that it is in now.
    select relation into strict segments
    from {{ build }}.refresh_sources
    where source = 'inputs' and name = 'segments';
    execute format(
        'insert into touched select billing_source, %s, customer_id '
        'from all_touched cross join (select distinct segment from %s) as segments',
        $group${{ group_id("tenant_id", "segment") }}$group$, segments
    );
    analyze touched;
    for fact in
        select
            recipes.relation,
            'next_' || recipes.name as next_name
        from {{ build }}.refresh_recipes as recipes
        where recipes.is_fact
    loop
        -- Of an engine without candidates there is nothing new: no rows then, and not all of them.
        execute format(
            'create temporary table if not exists %I (like %s) on commit drop',
            fact.next_name, fact.relation
        );
        execute format(
            'delete from %I where (billing_source, tenant_id, customer_id) not in (table touched)',
            fact.next_name
        );
        execute format(
            'insert into %I select * from %s '
            'where (billing_source, tenant_id, customer_id) in (table touched) '
            'and (billing_source, customer_id) not in (table candidates)',
            fact.next_name, fact.relation
        );
        execute format('analyze %I', fact.next_name);
    end loop;
end
$refresh$
{%- endmacro %}
