"""Connect, and say in one sentence why a connection cannot be had."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from tidemill_cli.config import Connection
from tidemill_cli.errors import TidemillError

Session: TypeAlias = psycopg.Connection[TupleRow]

MINIMUM_VERSION = 15
_CONNECT_TIMEOUT_SECONDS = "10"


def connect(connection: Connection, application_name: str) -> Session:
    """Open a session in autocommit mode; every failure is a sentence that names the fix."""
    parameters = {
        "connect_timeout": _CONNECT_TIMEOUT_SECONDS,
        **connection.parameters,
        "application_name": application_name,
    }
    try:
        session = psycopg.connect("", autocommit=True, **parameters)  # type: ignore[arg-type]
    except psycopg.Error as error:
        raise TidemillError(_why_not(connection, str(error))) from None
    version = session.info.server_version // 10_000
    if version < MINIMUM_VERSION:
        session.close()
        raise TidemillError(
            f"the server of {connection.source} is PostgreSQL {version}: Tidemill needs "
            f"{MINIMUM_VERSION} or newer, upgrade it."
        )
    if connection.role:
        try:
            session.execute(sql.SQL("set role {}").format(sql.Identifier(connection.role)))
        except psycopg.Error:
            session.close()
            raise TidemillError(
                f"user {session.info.user} cannot take role {connection.role}: "
                f"`grant {connection.role} to {session.info.user}`, or drop role from the profile."
            ) from None
    return session


def current_user(session: Session) -> str:
    """The role whose privileges count."""
    return str(one_value(session, "select current_user"))


def one_value(
    session: Session, statement: str | sql.Composed, parameters: tuple[object, ...] = ()
) -> object:
    """The first column of the first row, or None."""
    row = session.execute(statement, parameters).fetchone()
    return row[0] if row else None


def server_time(session: Session) -> datetime:
    """What the database's clock says."""
    now = one_value(session, "select clock_timestamp()")
    if not isinstance(now, datetime):
        raise TypeError(now)
    return now


def who_failed(session: Session) -> str:
    """What an OperationalError came of: a full disk, say, leaves the connection as it is."""
    return "the connection was lost" if session.closed else "the server gave up"


def _why_not(connection: Connection, message: str) -> str:
    parameters = connection.parameters
    host = parameters.get("host") or parameters.get("hostaddr") or "the local socket"
    port = parameters.get("port", "5432")
    user = parameters.get("user", "")
    database = parameters.get("dbname", user)
    source = connection.source
    lowered = message.lower()
    if "password authentication failed" in lowered:
        return f"{host} refuses the password of user {user}: correct it in {source}."
    if "no password supplied" in lowered:
        return f"{host} asks for a password of user {user}: give one in {source}, or in ~/.pgpass."
    if "database" in lowered and "does not exist" in lowered:
        return f"there is no database {database} on {host}: correct the name in {source}."
    if "role" in lowered and "does not exist" in lowered:
        return f"there is no user {user} on {host}: correct the name in {source}."
    if "permission denied for database" in lowered:
        return (
            f"user {user} may not connect to database {database}: "
            f"`grant connect on database {database} to {user}`."
        )
    if "no pg_hba.conf entry" in lowered:
        return (
            f"{host} does not let user {user} into database {database} from here: allow it in the "
            "server's pg_hba.conf, or set sslmode."
        )
    if "could not translate host name" in lowered or "failed to resolve host" in lowered:
        return f"host {host} is not known: correct it in {source}."
    if "timeout expired" in lowered or "timed out" in lowered:
        return (
            f"{host} port {port} does not answer: check the address in {source} and the firewall."
        )
    if "refused" in lowered or "no such file" in lowered:
        return (
            f"nothing listens on {host} port {port}: start the server, or correct the address in "
            f"{source}."
        )
    return f"cannot connect to {host} port {port} as {user} ({source}): {_last_line(message)}"


def _last_line(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return lines[0] if lines else "no reason given."
