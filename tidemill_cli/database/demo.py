"""The demo's own database on the embedded server."""

from __future__ import annotations

import psycopg
from psycopg import sql

from tidemill_cli.database.session import Session
from tidemill_cli.errors import TidemillError


def recreate_database(session: Session, name: str) -> None:
    """An empty database, in place of the one of an earlier demo."""
    identifier = sql.Identifier(name)
    try:
        session.execute(sql.SQL("drop database if exists {}").format(identifier))
    except psycopg.errors.ObjectInUse:
        raise TidemillError(
            f"the demo's database {name} is in use: close the other connections to it "
            "(psql, BI tool) and run `tidemill demo` again."
        ) from None
    session.execute(sql.SQL("create database {}").format(identifier))
    # The data can be made again at any time, so it need not survive a crash of the machine.
    session.execute(sql.SQL("alter database {} set synchronous_commit = off").format(identifier))
    session.execute(sql.SQL("alter database {} set work_mem = '64MB'").format(identifier))
    session.execute(
        sql.SQL("alter database {} set maintenance_work_mem = '256MB'").format(identifier)
    )


def tune_server(session: Session) -> None:
    """Fewer checkpoints while a large demo loads."""
    session.execute("alter system set max_wal_size = '4GB'")
    session.execute("select pg_reload_conf()")
