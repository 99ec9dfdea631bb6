"""The definitions that were chosen for good, and those that builds were made by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from tidemill_cli.database import catalog
from tidemill_cli.database.inputs import DEFINITIONS
from tidemill_cli.database.session import Session, current_user, one_value
from tidemill_cli.errors import TidemillError

HISTORY = "definitions_history"
_BUILT = "definitions"  # the relation of a build that holds its set


@dataclass(frozen=True)
class Stored:
    """A definition that somebody chose."""

    option: str
    value: str
    set_at: datetime
    set_by: str


@dataclass(frozen=True)
class BuiltSet:
    """All definitions that a build was made by."""

    definitions_hash: str
    values: Mapping[str, str]


def stored(session: Session, inputs_schema: str) -> dict[str, Stored]:
    """What was chosen for good, by option."""
    if not catalog.columns(session, inputs_schema, DEFINITIONS):
        return {}
    query = sql.SQL("select option, value, set_at, set_by from {} order by option").format(
        sql.Identifier(inputs_schema, DEFINITIONS)
    )
    try:
        with session.cursor(row_factory=class_row(Stored)) as cursor:
            return {row.option: row for row in cursor.execute(query)}
    except psycopg.errors.InsufficientPrivilege:
        user = current_user(session)
        raise TidemillError(
            f"user {user} may not read {inputs_schema}.{DEFINITIONS}: `grant usage on schema "
            f"{inputs_schema} to {user}; grant select on {inputs_schema}.{DEFINITIONS} to {user}`."
        ) from None


def store(session: Session, inputs_schema: str, changes: Mapping[str, str | None]) -> None:
    """Keep values, and forget the options whose value is None."""
    table = sql.Identifier(inputs_schema, DEFINITIONS)
    for option, value in changes.items():
        if value is None:
            session.execute(sql.SQL("delete from {} where option = %s").format(table), (option,))
            continue
        session.execute(
            sql.SQL(
                "insert into {} (option, value, set_at, set_by) "
                "values (%s, %s, now(), session_user) on conflict (option) do update "
                "set value = excluded.value, set_at = excluded.set_at, set_by = excluded.set_by"
            ).format(table),
            (option, value),
        )


def check_may_store(session: Session, inputs_schema: str) -> None:
    """Refuse a role that could not keep what it is to build."""
    name = sql.Identifier(inputs_schema, DEFINITIONS).as_string(session)
    wanted = ("insert", "update", "delete")
    # With a comma in between, any of them would do.
    if all(
        one_value(session, "select has_table_privilege(%s, %s)", (name, privilege))
        for privilege in wanted
    ):
        return
    user = current_user(session)
    raise TidemillError(
        f"user {user} may not change {inputs_schema}.{DEFINITIONS}: "
        f"`grant {', '.join(wanted)} on {inputs_schema}.{DEFINITIONS} to {user}`."
    )


def set_of(session: Session, build: str) -> BuiltSet | None:
    """The set that a build was made by; None where it keeps none."""
    if not catalog.columns(session, build, _BUILT):
        return None
    try:
        rows = session.execute(
            sql.SQL("select option, value, definitions_hash from {}").format(
                sql.Identifier(build, _BUILT)
            )
        ).fetchall()
    except psycopg.errors.InsufficientPrivilege:
        raise TidemillError(
            f"user {current_user(session)} may not read build {build}: use the role that builds."
        ) from None
    return BuiltSet(rows[0][2], {option: value for option, value, _ in rows}) if rows else None


def record_published(session: Session, history_schema: str, build: str) -> None:
    """Add the set of a build to those that were published, where it is not the last of them."""
    history = sql.Identifier(history_schema, HISTORY)
    for schema, relation in ((history_schema, HISTORY), (build, _BUILT)):
        if not catalog.columns(session, schema, relation):
            return
    columns = sql.SQL("option, value, default_value, effect, definitions_hash")
    session.execute(
        sql.SQL(
            "insert into {history} (observed_at, {columns}) select now(), {columns} from {built} "
            "where definitions_hash is distinct from (select definitions_hash from {history} "
            "order by observed_at desc limit 1)"
        ).format(history=history, columns=columns, built=sql.Identifier(build, _BUILT))
    )
