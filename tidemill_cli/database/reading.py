"""The billing tables as they are at one instant, and who waits for a lock on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tidemill_cli.database.session import Session


@dataclass(frozen=True)
class Snapshot:
    """What other sessions can read at, while the one that exported it keeps its transaction."""

    name: str
    taken_at: datetime


@dataclass(frozen=True)
class Waiting:
    """A session that waits for one of ours."""

    pid: int
    statement: str  # its first words
    blocker: int


def export_snapshot(session: Session) -> Snapshot:
    """Begin a transaction, and name what it sees."""
    # It idles until the tables are copied.
    session.execute("set idle_in_transaction_session_timeout = 0")
    session.execute("begin transaction isolation level repeatable read read only")
    row = session.execute("select pg_export_snapshot(), clock_timestamp()").fetchone()
    if row is None:
        raise TypeError(row)
    return Snapshot(*row)


def file_nodes(session: Session, tables: Iterable[str]) -> dict[str, int]:
    """The file of each table that there is: another one once it was rewritten or truncated."""
    rows = session.execute(
        "select name, pg_relation_filenode(to_regclass(name)) from unnest(%s::text[]) as n (name)"
        " where to_regclass(name) is not null",
        (list(tables),),
    )
    return {name: node for name, node in rows if node is not None}


def waiting_for(session: Session, application_name: str) -> list[Waiting]:
    """Other sessions that wait for a lock which a session of this name holds or queues for."""
    rows = session.execute(
        """
        select waiting.pid, left(regexp_replace(waiting.query, '\\s+', ' ', 'g'), 60), blocker.pid
        from pg_stat_activity as waiting
        cross join lateral unnest(pg_blocking_pids(waiting.pid)) as blocking (pid)
        inner join pg_stat_activity as blocker on blocking.pid = blocker.pid
        where
            waiting.wait_event_type = 'Lock'
            and waiting.datname = current_database()
            -- What of ours waits for another of ours is in nobody's way.
            and waiting.application_name not like 'tidemill %%'
            and blocker.application_name = %(name)s
        """,
        {"name": application_name},
    )
    return [Waiting(*row) for row in rows]


def cancel(session: Session, pid: int) -> None:
    """Cancel what a session of ours does."""
    session.execute("select pg_cancel_backend(%s)", (pid,))


def cancel_all(session: Session, application_name: str) -> None:
    """Cancel what all sessions of this name do."""
    session.execute(
        "select pg_cancel_backend(pid) from pg_stat_activity"
        " where application_name = %s and datname = current_database() and state = 'active'",
        (application_name,),
    )


def terminate(session: Session, pid: int) -> None:
    """End a session of ours, which holds a lock without doing anything."""
    session.execute("select pg_terminate_backend(%s)", (pid,))
