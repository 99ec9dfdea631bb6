"""What a doctor looks at: sizes, indexes, time zones and how far history goes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from tidemill_cli.database import catalog
from tidemill_cli.database.session import Session


@dataclass(frozen=True)
class Size:
    """How large a table is; rows as the last analyze counted them, None before there was one."""

    table: str
    rows: int | None
    size: int


@dataclass(frozen=True)
class LookedUp:
    """A column by which a refresh looks rows up, in a table that has no index for it."""

    table: str  # schema and name, quoted where that must be
    column: str
    size: int


@dataclass(frozen=True)
class History:
    """What one engine's intervals are told by, and since when."""

    source: str
    told_by: str
    intervals: int
    since: datetime


def sizes(session: Session, schema: str, tables: Iterable[str]) -> list[Size]:
    """The tables, the largest first."""
    rows = session.execute(
        """
        select pg_class.relname, nullif(pg_class.reltuples, -1)::bigint,
            pg_total_relation_size(pg_class.oid)
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where pg_namespace.nspname = %s and pg_class.relname = any(%s) and pg_class.relkind = 'r'
        order by 3 desc, 1
        """,
        (schema, list(tables)),
    )
    return [Size(*row) for row in rows]


def without_index(session: Session, build: str, at_least: int) -> list[LookedUp]:
    """Columns that rows of a few customers are looked up by, in large tables, without an index."""
    if "concerns" not in catalog.readable_columns(session, build, ["refresh_sources"]).get(
        "refresh_sources", {}
    ):
        return []
    rows = session.execute(
        sql.SQL(
            """
            select distinct
                sources.relation::regclass::text,
                edges.edge ->> 0,
                pg_relation_size(sources.relation::regclass)
            from {} as sources
            cross join lateral jsonb_array_elements(
                case jsonb_typeof(to_jsonb(sources.concerns))
                    when 'array' then to_jsonb(sources.concerns) else '[]'
                end
            ) as edges (edge)
            inner join pg_attribute
                on pg_attribute.attrelid = to_regclass(sources.relation)
                and pg_attribute.attname = edges.edge ->> 0
            where
                not sources.is_shared
                and pg_relation_size(to_regclass(sources.relation)) >= %s
                and not exists (
                    select from pg_index
                    where
                        pg_index.indrelid = pg_attribute.attrelid
                        and pg_index.indkey[0] = pg_attribute.attnum
                        and pg_index.indpred is null
                        and pg_index.indisvalid
                )
            order by 3 desc, 1, 2
            """
        ).format(sql.Identifier(build, "refresh_sources")),
        (at_least,),
    )
    return [LookedUp(*row) for row in rows]


def histories(session: Session, build: str) -> list[History]:
    """What the intervals of a build are told by."""
    found = catalog.readable_columns(session, build, ["subscription_intervals"])
    if not found.get("subscription_intervals", {}).get("history_source"):
        return []
    rows = session.execute(
        sql.SQL(
            "select billing_source, history_source, count(*), min(valid_from) from {} "
            "group by 1, 2 order by 1, 3 desc"
        ).format(sql.Identifier(build, "subscription_intervals"))
    )
    return [History(*row) for row in rows]


def captured_since(session: Session, schema: str) -> datetime | None:
    """When the capture of what engines do not keep began; None before the first run."""
    tables = session.execute(
        """
        select pg_class.relname
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        inner join pg_attribute on pg_class.oid = pg_attribute.attrelid
        where
            pg_namespace.nspname = %s
            and pg_attribute.attname = 'dbt_valid_from'
            and has_table_privilege(pg_class.oid, 'select')
        """,
        (schema,),
    ).fetchall()
    since: list[datetime] = []
    for (table,) in tables:
        row = session.execute(
            sql.SQL("select min(dbt_valid_from) at time zone 'UTC' from {}").format(
                sql.Identifier(schema, table)
            )
        ).fetchone()
        if row and row[0]:
            since.append(row[0])
    return min(since, default=None)


def values(session: Session, schema: str, table: str, column: str, limit: int) -> Sequence[str]:
    """Some of the values of a column."""
    rows = session.execute(
        sql.SQL("select distinct {0} from {1} where {0} is not null order by 1 limit %s").format(
            sql.Identifier(column), sql.Identifier(schema, table)
        ),
        (limit,),
    )
    return [str(value) for (value,) in rows]
