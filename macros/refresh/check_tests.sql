{#- The tests of the build, before anybody sees what was changed. One that looks at the rows of
    customers only is given those of the touched ones, one of parts those that have changed, and one
    that looks at each row for itself those that came or went. -#}
{% macro _check_tests(build) -%}
create or replace procedure {{ build }}.check_tests(now_is timestamptz)
language plpgsql
as $refresh$
declare
    test {{ build }}.refresh_recipes;
    failures bigint;
    failed text[] := '{}';
    is_of_rows boolean;
    is_narrow boolean;
begin
    for test in
        select *
        from {{ build }}.refresh_recipes as recipes
        where
            recipes.resource = 'test'
            and recipes.severity = 'error'
            and exists (select from changed where changed.name = any(recipes.needs))
        order by recipes.step
    loop
        is_of_rows := test.kind = 'rows'
            and to_regclass(format('pg_temp.%I', 'diff_' || test.needs[1])) is not null;
        is_narrow := not is_of_rows and {{ build }}.narrow(test, now_is);
        execute format(
            'select count(*) from (%s) as failing',
            case
                when is_of_rows then {{ build }}.code_of(test, now_is, 'diff')
                when is_narrow then {{ build }}.code_of(test, now_is, 'part')
                when test.kind = 'customer' then {{ build }}.code_of(test, now_is, 'next')
                else replace(test.code, '<now>', now_is::text)
            end
        ) into failures;
        if is_narrow then
            call {{ build }}.widen();
        end if;
        if failures > 0 then
            failed := failed || format('%s (%s rows)', test.name, failures);
        end if;
    end loop;
    if failed <> '{}' then
        raise exception '%', array_to_string(failed, ', ') using errcode = 'TM002';
    end if;
end
$refresh$
{%- endmacro %}
