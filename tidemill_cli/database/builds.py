"""The table of builds, and the dropping of old ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from tidemill_cli.database.catalog import VIEW, columns, relations, routines
from tidemill_cli.database.session import Session, one_value

TABLE = "tidemill_builds"
# Columns that the first releases did not have.
_ADDED = {
    "message": "text",
    "rows": "bigint",
    "switched_at": "timestamptz",
    "definitions": "jsonb",
    "made_by": "text",
    "refreshed_at": "timestamptz",
}


@dataclass(frozen=True)
class Build:
    """One build, as it is recorded."""

    build: str
    started_at: datetime
    finished_at: datetime | None
    as_of: datetime
    status: str
    published: bool
    models: int | None
    tests: int | None
    pruned_at: datetime | None
    message: str | None  # what went wrong
    rows: int | None  # how many were written
    switched_at: datetime | None  # when readers were last pointed at it
    definitions: dict[str, str] | None  # those that were chosen in the database
    made_by: str | None  # fingerprint of the project and the options; None of an instant of its own
    refreshed_at: datetime | None  # when it was last brought up to date


def ensure_table(session: Session, facade: str) -> None:
    """Create the table of builds, or give one of an older release what it lacks.

    Whoever may read all that is published may not read this: it is no metric.
    """
    is_new = not columns(session, facade, TABLE)
    session.execute(
        sql.SQL(
            """
            create table if not exists {table} (
                build text primary key,
                started_at timestamptz not null,
                finished_at timestamptz,
                as_of timestamptz not null,
                status text not null,
                published boolean not null default false,
                models integer,
                tests integer,
                pruned_at timestamptz
            )
            """
        ).format(table=sql.Identifier(facade, TABLE))
    )
    if is_new:
        _revoke_from_others(session, facade)
    known = {column.name for column in columns(session, facade, TABLE)}
    for name, kind in _ADDED.items():
        if name not in known:
            session.execute(
                sql.SQL("alter table {} add column if not exists {} {}").format(
                    sql.Identifier(facade, TABLE), sql.Identifier(name), sql.SQL(kind)
                )
            )


def _revoke_from_others(session: Session, facade: str) -> None:
    table = sql.Identifier(facade, TABLE)
    others = session.execute(
        """
        select distinct granted.grantee::regrole::text
        from pg_class
        cross join lateral aclexplode(pg_class.relacl) as granted
        where
            pg_class.oid = to_regclass(format('%%I.%%I', %s::text, %s::text))
            and granted.grantee not in (0, pg_class.relowner)
        """,
        (facade, TABLE),
    ).fetchall()
    for (role,) in others:
        # regrole quotes where it must.
        session.execute(sql.SQL("revoke all on {} from {}").format(table, sql.SQL(role)))


def recorded(
    session: Session, facade: str, *, only_kept: bool = False, limit: int | None = None
) -> list[Build]:
    """The builds that were recorded, or those that were not dropped since, newest first.

    A watch records very many.
    """
    known = {column.name for column in columns(session, facade, TABLE)}
    if not known:
        return []
    fields = [
        sql.Identifier(name)
        if name in known
        else sql.SQL("null as {}").format(sql.Identifier(name))
        for name in Build.__dataclass_fields__
    ]
    query = sql.SQL(
        "select {} from {} where pruned_at is null or not %s "
        "order by started_at desc, build desc limit %s"
    ).format(sql.SQL(", ").join(fields), sql.Identifier(facade, TABLE))
    with session.cursor(row_factory=class_row(Build)) as cursor:
        return cursor.execute(query, (only_kept, limit)).fetchall()


def is_taken(session: Session, facade: str, build: str) -> bool:
    """Whether a build of this name was recorded, or a schema bears it."""
    return bool(
        one_value(
            session,
            sql.SQL(
                "select exists (select from {table} where build = %s) "
                "or exists (select from pg_catalog.pg_namespace where nspname = %s)"
            ).format(table=sql.Identifier(facade, TABLE)),
            (build, build),
        )
    )


def insert(session: Session, facade: str, build: str, as_of: datetime) -> None:
    """Record that a build has begun."""
    session.execute(
        sql.SQL(
            "insert into {table} (build, started_at, as_of, status) "
            "values (%s, clock_timestamp(), %s, 'running')"
        ).format(table=sql.Identifier(facade, TABLE)),
        (build, as_of),
    )


def update(session: Session, facade: str, build: str, **values: Any) -> None:  # noqa: ANN401
    """Change columns of one build's row."""
    assignments = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Placeholder(column))
        for column in values
    )
    session.execute(
        sql.SQL("update {table} set {assignments} where build = {build}").format(
            table=sql.Identifier(facade, TABLE),
            assignments=assignments,
            build=sql.Placeholder("key_build"),
        ),
        {
            **{name: Jsonb(one) if isinstance(one, dict) else one for name, one in values.items()},
            "key_build": build,
        },
    )


def close_interrupted(session: Session, facade: str) -> None:
    """A row still `running` while nobody holds the lock belongs to a run that was killed."""
    session.execute(
        sql.SQL("update {table} set status = 'interrupted' where status = 'running'").format(
            table=sql.Identifier(facade, TABLE)
        )
    )


def drop_schema(session: Session, schema: str) -> None:
    """Drop what a build holds, then its schema; never with cascade, and all or nothing."""
    with session.transaction():
        session.execute("set local lock_timeout = '2s'")
        found = relations(session, schema)

        def named(*kinds: str) -> list[sql.Composable]:
            return [sql.Identifier(schema, one.name) for one in found if one.kind in kinds]

        # Views first: they read the tables, and routines take rows of them.
        for kind, names in (
            ("view", named(VIEW)),
            ("materialized view", named("m")),
            # regprocedure quotes where it must.
            ("routine", [sql.SQL(routine) for routine in routines(session, schema)]),
            ("table", named("r", "p")),
        ):
            if names:
                session.execute(
                    sql.SQL("drop {kind} {names} restrict").format(
                        kind=sql.SQL(kind), names=sql.SQL(", ").join(names)
                    )
                )
        session.execute(sql.SQL("drop schema if exists {} restrict").format(sql.Identifier(schema)))
