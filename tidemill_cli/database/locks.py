"""One run at a time per database, and one refresh, by advisory locks that end with their session.

A refresh may go on beside a run, which writes to a build of its own. What both write, the captured
history and which build is live, is done under the refresh's lock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from tidemill_cli.database.session import Session, one_value
from tidemill_cli.errors import TidemillError

# Two 32-bit keys each, so that pg_locks shows them apart from other tools' locks. Macro
# lock_refreshing names the second one, too.
_CLASS_KEY = int.from_bytes(b"tide")
_RUN_KEY = int.from_bytes(b"mill")
_REFRESH_KEY = int.from_bytes(b"flow")
_LOOK_AGAIN_SECONDS = 0.2


@dataclass(frozen=True)
class LockHolder:
    """The session that holds the lock."""

    pid: int
    application_name: str
    since: datetime | None
    user: str | None = None
    client: str | None = None  # its address; None for a socket, or who may not know


def try_run_lock(session: Session) -> bool:
    """Take the run's lock for as long as this session lives; false if another session has it."""
    return _try_lock(session, _RUN_KEY)


def take_run_lock(session: Session) -> None:
    """Take the run's lock, or say who has it."""
    _take(session, _RUN_KEY, "run")


def take_refresh_lock(session: Session, patience: float = 0.0) -> None:
    """Take the refresh's lock, or say who has had it for so many seconds."""
    _take(session, _REFRESH_KEY, "refresh", patience)


@contextmanager
def refreshes_held_back(session: Session) -> Iterator[None]:
    """A block in which nobody refreshes; waits for who does."""
    keys = (_CLASS_KEY, _REFRESH_KEY)
    session.execute("select pg_advisory_lock(%s, %s)", keys)
    try:
        yield
    finally:
        if not session.closed:
            session.execute("select pg_advisory_unlock(%s, %s)", keys)


def _take(session: Session, key: int, what: str, patience: float = 0.0) -> None:
    deadline = time.monotonic() + patience
    while not _try_lock(session, key):
        if time.monotonic() >= deadline:
            raise TidemillError(_under_way(session, key, what))
        time.sleep(_LOOK_AGAIN_SECONDS)


def _under_way(session: Session, key: int, what: str) -> str:
    holder = lock_holder(session, key)
    who = "another session"
    if holder:
        since = f" since {holder.since:%Y-%m-%d %H:%M:%S %Z}" if holder.since else ""
        who = f"process {holder.pid} ({holder.application_name}){since}"
    return (
        f"another {what} is under way in database {session.info.dbname}: {who} holds the lock; "
        "wait for it to end."
    )


def _try_lock(session: Session, key: int) -> bool:
    # An idle session must not be closed under a long build.
    session.execute("set idle_session_timeout = 0")
    return bool(one_value(session, "select pg_try_advisory_lock(%s, %s)", (_CLASS_KEY, key)))


def lock_holder(session: Session, key: int = _RUN_KEY) -> LockHolder | None:
    """Who holds a lock, that of runs if not said; None if nobody does."""
    row = session.execute(
        """
        select
            pg_locks.pid,
            coalesce(nullif(pg_stat_activity.application_name, ''), 'an unnamed application'),
            pg_stat_activity.backend_start,
            pg_stat_activity.usename,
            host(pg_stat_activity.client_addr)
        from pg_locks
        left join pg_stat_activity on pg_locks.pid = pg_stat_activity.pid
        where
            pg_locks.locktype = 'advisory'
            and pg_locks.database = (
                select oid from pg_database where datname = current_database()
            )
            and pg_locks.classid = %s
            and pg_locks.objid = %s
            and pg_locks.objsubid = 2
            and pg_locks.granted
        """,
        (_CLASS_KEY, key),
    ).fetchone()
    return LockHolder(*row) if row else None
