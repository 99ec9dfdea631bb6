{#- Of each customer, when time alone will change something next: the first instant after now of any
    that stand in its facts and in what canonical models decided of them, or a day later, when what
    did not come about is no longer believed; and as many days before as a model looks ahead
    (days_ahead). An hour before each counts, too: Lago acts on what is scheduled within the hour, and
    what was to be by now is taken to be an hour away, by every refresh anew. -#}
{% macro _keep_due(build) -%}
create or replace procedure {{ build }}.keep_due(now_is timestamptz, of_all boolean default false)
language plpgsql
as $refresh$
declare
    one record;
begin
    delete from {{ build }}.refresh_due
    where
        of_all
        or due_at <= now_is
        or (billing_source, tenant_id, customer_id) in (table touched);
    create temporary table due_then (
        billing_source text, tenant_id text, customer_id text, due_at timestamptz
    ) on commit drop;
    for one in
        select
            recipes.relation,
            (
                select string_agg(quote_ident(keys.name), ', ')
                from unnest(recipes.customer_columns) as keys (name)
            ) as keys,
            string_agg(
                format('(%I + %s * interval ''24 hours'')', pg_attribute.attname, days.number), ', '
            ) as instants
        from {{ build }}.refresh_recipes as recipes
        inner join pg_attribute
            on
                pg_attribute.attrelid = to_regclass(recipes.relation)
                and pg_attribute.atttypid = 'timestamptz'::regtype
                and pg_attribute.attnum > 0
        cross join lateral (
            values (0), (1)
            union all
            select -ahead.number
            from unnest(recipes.days_ahead) as ahead (number)
        ) as days (number)
        where
            not recipes.is_view
            and recipes.resource = 'model'
            and (recipes.is_fact or (recipes.kind = 'customer' and not recipes.is_source))
        group by recipes.relation, recipes.customer_columns
    loop
        execute format(
            'insert into due_then select %1$s, case when instants.at - interval ''1 hour'' >= $1 '
            'then instants.at - interval ''1 hour'' else instants.at end from %2$s '
            'cross join lateral (values %3$s) as instants (at) '
            'where instants.at > $1 and instants.at < ''infinity'' %4$s',
            one.keys, one.relation, one.instants,
            case when of_all then '' else format('and (%s) in (table touched)', one.keys) end
        )
        using now_is;
    end loop;
    insert into {{ build }}.refresh_due
    select billing_source, tenant_id, customer_id, min(due_at)
    from due_then
    where customer_id is not null
    group by billing_source, tenant_id, customer_id;
    drop table due_then;
end
$refresh$
{%- endmacro %}
