"""What two schemas hold, relation by relation."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

# When something was looked at, and by whom; rows of nobody are renewed by whole builds only.
_UNEQUAL = ("found_at", "definitions_hash")
_MADE_OF_ENGINES = r"^(stg|int)_|^refresh_|^as_of$|^metric_definitions$|^definitions$"

RELATIONS = """
select
    pg_class.relname::text,
    array_agg(pg_attribute.attname::text order by pg_attribute.attnum) as columns
from pg_class
inner join pg_attribute on pg_class.oid = pg_attribute.attrelid
where
    pg_class.relnamespace = to_regnamespace(%s)
    and pg_class.relkind in ('r', 'v')
    and pg_class.relname !~ %s
    and pg_attribute.attnum > 0
    and not pg_attribute.attisdropped
group by pg_class.relname
"""


def differences(session: psycopg.Connection[Any], one: str, other: str) -> dict[str, list[Any]]:
    """Rows that only one of two builds has, by relation; the rows of at most ten."""
    relations = session.execute(RELATIONS, (one, _MADE_OF_ENGINES)).fetchall()
    assert len(relations) > 60, "the builds hold something"
    found = {}
    for name, columns in relations:
        names = [column for column in columns if column not in _UNEQUAL]
        rows = sql.SQL("select {} from {} {}")
        is_of_rows = "issues" in name and "customer_id" in names
        of_somebody = "where customer_id is not null" if is_of_rows else ""
        sides = [
            rows.format(
                sql.SQL(", ").join(map(sql.Identifier, names)),
                sql.Identifier(schema, name),
                sql.SQL(of_somebody),
            )
            for schema in (one, other)
        ]
        query = sql.SQL(
            "(select 'only {one}', only_one::text from ({a} except all {b}) as only_one) union all "
            "(select 'only {other}', only_other::text from ({b} except all {a}) as only_other) "
            "limit 10"
        ).format(one=sql.SQL(one), other=sql.SQL(other), a=sides[0], b=sides[1])
        if rows_found := session.execute(query).fetchall():
            found[name] = rows_found
    return found
