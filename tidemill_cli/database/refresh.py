"""Call the procedures that refresh a build, and say what they came to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg import sql

from tidemill_cli.database.session import Session, one_value

# What the procedures raise.
_NEEDS_BUILD = "TM001"
_FOUND_BY_TESTS = "TM002"
# Who alters a table has it for a moment only.
_LOCK_TIMEOUT = "10s"
# Looked at where a statement begins, so the procedures could not set it for themselves.
_END_WITH_CLIENT = """
do $$
begin
    perform set_config('client_connection_check_interval', '1s', true);
exception when others then null;
end
$$
"""


# Whatever happened to its rows, a customer is computed again after this long.
BOUND = timedelta(days=1)


class NeedsBuild(Exception):
    """Only a whole build will do; the text says why."""


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did."""

    as_of: datetime
    customers: int  # whose numbers were computed again
    relations: int  # in which rows changed


@dataclass(frozen=True)
class Drift:
    """A relation in which rows were not as a whole build makes them, and how many."""

    relation: str
    removed: int
    added: int


def refresh(session: Session, build: str, bound: timedelta) -> Refreshed:
    """Bring a build up to date; the caller has begun a transaction (`one_snapshot`)."""
    as_of = _now(session)
    _call(session, build, "refresh", (as_of, bound))
    customers = one_value(session, "select count(*) from all_touched")
    relations = one_value(
        session,
        sql.SQL(
            "select count(*) from changed inner join {} as recipes "
            "on changed.name = recipes.name and not recipes.is_view"
        ).format(sql.Identifier(build, "refresh_recipes")),
    )
    return Refreshed(as_of, int(str(customers)), int(str(relations)))


def repair(session: Session, build: str) -> list[Drift]:
    """Compute everything anew in place, and say what was not so."""
    as_of = one_value(
        session, sql.SQL("select as_of from {}").format(sql.Identifier(build, "refresh_state"))
    )
    session.execute("discard temp")
    _call(session, build, "repair", (as_of,))
    return [
        Drift(*row)
        for row in session.execute("select name, gone, came from drift order by name").fetchall()
    ]


@contextmanager
def one_snapshot(session: Session) -> Iterator[None]:
    """A transaction in which every statement sees the same rows.

    A statement ends, where the server can tell, soon after the process that asked for it: it would
    else hold its locks until it has an answer for nobody.
    """
    with session.transaction():
        session.execute("set transaction isolation level repeatable read")
        session.execute(sql.SQL("set local lock_timeout = {}").format(_LOCK_TIMEOUT))
        session.execute(_END_WITH_CLIENT)
        yield


def can_be_refreshed(session: Session, build: str) -> bool:
    """Whether the build was made by a release that knows how."""
    return bool(
        one_value(
            session,
            "select to_regclass(format('%%I.refresh_recipes', %s::text)) is not null",
            (build,),
        )
    )


def _now(session: Session) -> datetime:
    now = one_value(session, "select transaction_timestamp()")
    if not isinstance(now, datetime):
        raise TypeError(now)
    return now


def _call(session: Session, build: str, procedure: str, arguments: tuple[object, ...]) -> None:
    try:
        session.execute(
            sql.SQL("call {}({})").format(
                sql.Identifier(build, procedure),
                sql.SQL(", ").join(sql.Placeholder() for _ in arguments),
            ),
            arguments,
        )
    except psycopg.Error as error:
        if error.sqlstate == _NEEDS_BUILD:
            raise NeedsBuild(error.diag.message_primary) from None
        if error.sqlstate == _FOUND_BY_TESTS:
            raise NeedsBuild(f"tests failed: {error.diag.message_primary}") from None
        raise
