"""The statements that switch the facade to a build."""

from __future__ import annotations

from collections.abc import Callable, Collection

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


def point_views(
    session: Session,
    facade: str,
    build: str,
    views: dict[str, list[Column]],
    changed: Collection[str] = (),
    also: Callable[[], None] = lambda: None,
) -> None:
    """Repoint views at a build in one transaction, giving up when a reader is in the way.

    A view whose columns have changed is dropped and made anew with its grants, unless another view
    reads it. What is `also` to be written is written in the same transaction.
    """
    with session.transaction():
        session.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(_LOCK_TIMEOUT)))
        for name, columns in views.items():
            view = sql.Identifier(facade, name)
            grants: list[sql.Composed] = []
            if name in changed:
                grants = _grants(session, facade, name)
                session.execute(sql.SQL("drop view {} restrict").format(view))
            session.execute(
                sql.SQL("create or replace view {view} as select {columns} from {source}").format(
                    view=view,
                    columns=sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
                    source=sql.Identifier(build, name),
                )
            )
            for grant in grants:
                session.execute(grant)
        also()


def _grants(session: Session, schema: str, view: str) -> list[sql.Composed]:
    """What others may do with a view, as statements that allow it again."""
    rows = session.execute(
        """
        select privilege_type, pg_roles.rolname
        from pg_class
        cross join aclexplode(pg_class.relacl) as granted
        left join pg_roles on granted.grantee = pg_roles.oid
        where
            pg_class.relnamespace = %s::regnamespace
            and pg_class.relname = %s
            and granted.grantee <> pg_class.relowner
        """,
        (sql.Identifier(schema).as_string(session), view),
    )
    return [
        sql.SQL("grant {privilege} on {view} to {role}").format(
            privilege=sql.SQL(privilege),
            view=sql.Identifier(schema, view),
            role=sql.Identifier(role) if role else sql.SQL("public"),
        )
        for privilege, role in rows
    ]
