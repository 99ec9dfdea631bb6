{#- Copy all rows of the candidates, table by table from the customers on, into rows_<source>_<table>. -#}
{% macro _read_rows(build) -%}
create or replace procedure {{ build }}.read_rows()
language plpgsql
as $refresh$
declare
    this {{ build }}.refresh_sources;
    other {{ build }}.refresh_sources;
    engine text;
    id_type text;
    is_placed boolean;
    edge jsonb;
    query text;
    queries text[];
begin
    create temporary table placed (source text, name text) on commit drop;
    for engine in select distinct source from candidates loop
        select * into strict this
        from {{ build }}.refresh_sources
        where source = engine and customer is not null;
        execute format(
            'create temporary table %I on commit drop as select distinct %s as id from %s limit 0',
            'ids_' || engine, this.customer, this.relation
        );
        select format_type(atttypid, atttypmod) into strict id_type
        from pg_attribute
        where attrelid = to_regclass('pg_temp.ids_' || engine) and attname = 'id';
        execute format(
            'insert into %I select distinct id::%s from candidates where source = %L',
            'ids_' || engine, id_type, engine
        );
        if this.together is not null then
            execute format(
                'with recursive bonds as materialized (%2$s), '
                'found as (select id from %1$I union select others.id from found '
                'inner join bonds on found.id = bonds.id '
                'inner join bonds as others on bonds.bound_by = others.bound_by) '
                'insert into %1$I select id from found except select id from %1$I',
                'ids_' || engine, this.together
            );
            execute format(
                'insert into candidates select %L, id::text from %I except table candidates',
                engine, 'ids_' || engine
            );
        end if;
        execute format('analyze %I', 'ids_' || engine);
        loop
            is_placed := false;
            for this in
                select *
                from {{ build }}.refresh_sources as tables
                where
                    tables.source = engine
                    and tables.file_node is not null
                    and not tables.is_shared
                    and not exists (
                        select from placed
                        where placed.source = engine and placed.name = tables.name
                    )
                    and not exists (
                        select
                        from jsonb_array_elements(tables.concerns) as listed (edge)
                        inner join {{ build }}.refresh_sources as needed
                            on
                                needed.source = engine
                                and needed.name = listed.edge ->> 1
                        where
                            needed.file_node is not null
                            and needed.name <> tables.name
                            and not exists (
                                select from placed
                                where placed.source = engine and placed.name = needed.name
                            )
                    )
            loop
                queries := '{}';
                if this.customer is not null then
                    queries := queries || format(
                        'select t.ctid from %s as t where %s in (select id from %I)',
                        this.relation, this.customer, 'ids_' || engine
                    );
                end if;
                for edge in select value from jsonb_array_elements(this.concerns) loop
                    select * into strict other
                    from {{ build }}.refresh_sources
                    where source = engine and name = edge ->> 1;
                    continue when
                        other.name = this.name
                        or not {{ build }}.is_there(this, edge ->> 0)
                        or not {{ build }}.is_there(other, edge ->> 2);
                    queries := queries || format(
                        'select t.ctid from %s as t where %s in (select %s from %I)',
                        this.relation,
                        edge ->> 0,
                        case when other.customer = edge ->> 2 then 'id' else edge ->> 2 end,
                        case
                            when other.customer = edge ->> 2 then 'ids_' || engine
                            else 'rows_' || engine || '_' || other.name
                        end
                    );
                end loop;
                execute format(
                    'create temporary table %I on commit drop as select %s from %s '
                    'where ctid = any(array(%s))',
                    'rows_' || engine || '_' || this.name,
                    {{ build }}.listed(this.found_columns),
                    this.relation,
                    array_to_string(queries, ' union ')
                );
                execute format('analyze %I', 'rows_' || engine || '_' || this.name);
                insert into placed values (engine, this.name);
                is_placed := true;
            end loop;
            exit when not is_placed;
        end loop;
    end loop;
end
$refresh$
{%- endmacro %}
