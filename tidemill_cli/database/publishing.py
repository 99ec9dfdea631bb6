"""The statements that switch the facade to a build."""

from __future__ import annotations

import psycopg
from psycopg import sql

from tidemill_cli.database.catalog import Column
from tidemill_cli.database.session import Session

# Below deadlock_timeout (1 s): the publisher is always the one to give way, never a reader.
_LOCK_TIMEOUT = "400ms"

# What a reader in the way raises.
IN_THE_WAY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


def create_schema(session: Session, schema: str) -> None:
    """Create the schema if it is not there."""
    # An existing schema is not touched: `if not exists` still asks for the create privilege.
    exists = session.execute("select 1 from pg_namespace where nspname = %s", (schema,)).fetchone()
    if not exists:
        session.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))


def point_views(session: Session, facade: str, build: str, views: dict[str, list[Column]]) -> None:
    """Repoint views at a build in one transaction, giving up when a reader is in the way."""
    with session.transaction():
        session.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(_LOCK_TIMEOUT)))
        for name, columns in views.items():
            session.execute(
                sql.SQL("create or replace view {view} as select {columns} from {source}").format(
                    view=sql.Identifier(facade, name),
                    columns=sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
                    source=sql.Identifier(build, name),
                )
            )
