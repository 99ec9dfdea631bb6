"""One run at a time per database, by an advisory lock that ends with its session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tidemill_cli.database.session import Session, one_value
from tidemill_cli.errors import TidemillError

# "tide", "mill": two 32-bit keys, so that pg_locks shows them apart from other tools' locks.
_CLASS_KEY = int.from_bytes(b"tide")
_OBJECT_KEY = int.from_bytes(b"mill")


@dataclass(frozen=True)
class LockHolder:
    """The session that holds the lock."""

    pid: int
    application_name: str
    since: datetime | None
    user: str | None = None
    client: str | None = None  # its address; None for a socket, or who may not know


def try_run_lock(session: Session) -> bool:
    """Take the lock for as long as this session lives; false if another session has it."""
    # An idle session must not be closed under a long build.
    session.execute("set idle_session_timeout = 0")
    return bool(
        one_value(session, "select pg_try_advisory_lock(%s, %s)", (_CLASS_KEY, _OBJECT_KEY))
    )


def take_run_lock(session: Session) -> None:
    """Take the lock, or say who has it."""
    if try_run_lock(session):
        return
    holder = lock_holder(session)
    who = "another session"
    if holder:
        since = f" since {holder.since:%Y-%m-%d %H:%M:%S %Z}" if holder.since else ""
        who = f"process {holder.pid} ({holder.application_name}){since}"
    raise TidemillError(
        f"another run is under way in database {session.info.dbname}: {who} holds the lock; wait "
        "for it to end."
    )


def lock_holder(session: Session) -> LockHolder | None:
    """Who holds the lock; None if it was released meanwhile."""
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
        (_CLASS_KEY, _OBJECT_KEY),
    ).fetchone()
    return LockHolder(*row) if row else None
