{#- Which customers the rows that have changed belong to. -#}

{#- Refuse when a table is not what the build has read: another file (truncated, rewritten, made
    anew), or other columns (a migration, or a grant). -#}
{% macro _check_sources(build) -%}
create or replace procedure {{ build }}.check_sources()
language plpgsql
as $refresh$
declare
    changed text;
begin
    select source.relation into changed
    from {{ build }}.refresh_sources as source
    where
        source.file_node is distinct from case
            when source.found_columns <> '{}'
                then pg_relation_filenode(to_regclass(source.relation))
        end
        or source.found_columns is distinct from array(
            select pg_attribute.attname::text
            from pg_attribute
            where
                pg_attribute.attrelid = to_regclass(source.relation)
                and pg_attribute.attnum > 0
                and not pg_attribute.attisdropped
                and pg_attribute.attname = any(source.columns)
                and has_column_privilege(pg_attribute.attrelid, pg_attribute.attnum, 'select')
            order by pg_attribute.attnum
        )
    limit 1;
    if found then
        raise exception '% is another table than the last build read', changed
            using errcode = 'TM001';
    end if;
end
$refresh$
{%- endmacro %}

{#- A query of the customers (id) that rows of a table belong to, by what its meta says it concerns;
    null where that may be everybody. -#}
{% macro _owners(build) -%}
create or replace function {{ build }}.owners(
    source_is text, table_is text, rows_are text, path text[] default '{}'
)
returns text
language plpgsql
stable
as $refresh$
declare
    this {{ build }}.refresh_sources;
    other {{ build }}.refresh_sources;
    edge jsonb;
    further text;
    queries text[] := '{}';
begin
    select * into strict this
    from {{ build }}.refresh_sources
    where source = source_is and name = table_is;
    if this.customer is not null then
        queries := queries || format('select %s as id from (%s) as t', this.customer, rows_are);
    end if;
    for edge in select value from jsonb_array_elements(this.concerns) loop
        if edge ->> 0 = 'everybody' then
            return null;
        end if;
        select * into strict other
        from {{ build }}.refresh_sources
        where source = source_is and name = edge ->> 1;
        continue when not {{ build }}.is_there(this, edge ->> 0)
            or not {{ build }}.is_there(other, edge ->> 2);
        if other.customer = edge ->> 2 then
            -- The customer may be missing, and what refers to it not.
            queries := queries || format('select %s as id from (%s) as t', edge ->> 0, rows_are);
            continue;
        end if;
        -- A reference to the table itself is followed once.
        continue when other.name = any(path);
        further := {{ build }}.owners(
            source_is,
            other.name,
            format(
                'select %s from %s where %s in (select %s from (%s) as t)',
                {{ build }}.listed(other.found_columns),
                other.relation, edge ->> 2, edge ->> 0, rows_are
            ),
            path || table_is
        );
        if further is null then
            return null;
        end if;
        queries := queries || further;
    end loop;
    return coalesce(array_to_string(queries, ' union all '), 'select null as id where false');
end
$refresh$;
-- Whether the table has this column, where it is one and no expression: not every release does.
create or replace function {{ build }}.is_there(
    table_is {{ build }}.refresh_sources, expression text
)
returns boolean
language sql
stable
as $refresh$
    select
        table_is.file_node is not null
        and (expression !~ '^[a-z_]+$' or expression = any(table_is.found_columns))
$refresh$;
create or replace function {{ build }}.listed(names text[])
returns text
language sql
stable
as $refresh$
    select coalesce(string_agg(quote_ident(name), ', '), '')
    from unnest(names) as listed (name)
$refresh$
{%- endmacro %}

{#- A row is new or changed when the transaction that wrote it (xmin) was not seen as finished by the
    last refresh: whatever its times say, however late it was committed. Small tables are looked
    through whole. Of a large one its end, where most new rows go, and in turns a part of the rest,
    so that all of it is seen within the bound. -#}
{% macro _find_candidates(build) -%}
create or replace procedure {{ build }}.find_candidates(
    seen xid8, seen_at timestamptz, now_is timestamptz, bound interval, pages_at_once bigint
)
language plpgsql
as $refresh$
declare
    this {{ build }}.refresh_sources;
    changed text;
    owner_query text;
    is_changed boolean;
    new_digest text;
    pages bigint;
    part bigint;
    -- Rows also go where others were, near the end.
    margin constant bigint := pages_at_once / 128;
begin
    create temporary table changed_shared (source text, name text) on commit drop;
    create temporary table candidates (source text, id text) on commit drop;
    for this in
        select * from {{ build }}.refresh_sources where file_node is not null order by source, name
    loop
        pages := pg_relation_size(to_regclass(this.relation))
            / current_setting('block_size')::bigint;
        changed := format(
            'select %s from only %s as t where age(t.xmin) <= age(%L::xid8::xid)',
            {{ build }}.listed(this.found_columns), this.relation, seen
        );
        if pages > pages_at_once then
            part := greatest(
                pages_at_once,
                ceil(pages * least(1, extract(epoch from now_is - seen_at)
                    / extract(epoch from bound)))::bigint
            );
            changed := format(
                '%1$s and t.ctid >= %2$L::tid union all %3$s and t.ctid >= %4$L::tid and t.ctid < %5$L::tid',
                changed,
                format('(%s,0)', greatest(0, this.seen_pages - margin)),
                replace(changed, format('%L::xid8', seen), format('%L::xid8', this.last_round_xid)),
                format('(%s,0)', this.next_page),
                format('(%s,0)', this.next_page + part)
            );
            update {{ build }}.refresh_sources
            set
                seen_pages = pages,
                next_page = case when this.next_page + part > pages then 0 else next_page + part end,
                last_round_xid = case
                    when this.next_page + part > pages then round_xid else last_round_xid
                end,
                round_xid = case
                    when this.next_page + part > pages then seen else round_xid
                end
            where source = this.source and name = this.name;
        end if;
        execute format('select exists (%s)', changed) into is_changed;
        if this.is_shared then
            execute format($digest${{ _digest("%s") }}$digest$, this.relation) into new_digest;
            if new_digest <> this.digest then
                insert into changed_shared values (this.source, this.name);
                update {{ build }}.refresh_sources set digest = new_digest
                where source = this.source and name = this.name;
                -- Who was concerned by a row that is gone, nobody can say.
                if not is_changed and this.concerns <> '[]' then
                    raise exception 'rows of % are gone', this.relation using errcode = 'TM001';
                end if;
            end if;
        end if;
        continue when not is_changed;
        owner_query := {{ build }}.owners(this.source, this.name, changed);
        if owner_query is null then
            raise exception '% has changed, which may concern everybody', this.relation
                using errcode = 'TM001';
        end if;
        execute format(
            'insert into candidates select distinct %L, id::text from (%s) as found '
            'where id is not null',
            this.source, owner_query
        );
    end loop;
    insert into candidates
    select distinct billing_source, customer_id
    from {{ build }}.refresh_due
    where due_at <= now_is;
end
$refresh$
{%- endmacro %}

{#- Customers in turns, so that each is computed anew within the bound whatever happened to its rows:
    a deleted row leaves nothing that could be found. -#}
{% macro _take_turns(build) -%}
create or replace procedure {{ build }}.take_turns(
    first_turn bigint, elapsed interval, bound interval
)
language plpgsql
as $refresh$
declare
    turns constant bigint := 65536;
    taken bigint;
    facts text;
begin
    taken := ceil(
        turns * least(1, extract(epoch from elapsed) / extract(epoch from bound))
    )::bigint;
    for facts in
        select relation from {{ build }}.refresh_recipes
        where is_fact and name like '%\_\_customers'
    loop
        execute format(
            'insert into candidates select billing_source, customer_id from %s '
            'where (hashtext(customer_id) & 65535) - $1 between 0 and $2 - 1 '
            'or (hashtext(customer_id) & 65535) + $3 - $1 between 0 and $2 - 1',
            facts
        )
        using first_turn, taken, turns;
    end loop;
    create temporary table next_turn on commit drop as
    select (first_turn + taken) % turns as turn;
end
$refresh$
{%- endmacro %}
