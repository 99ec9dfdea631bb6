"""The tables that people fill, ready to be loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tidemill_cli.config import Connection
from tidemill_cli.database.inputs import create_inputs
from tidemill_cli.database.session import Session, connect
from tidemill_cli.project import find_project, render_macro


@contextmanager
def open_inputs(connection: Connection, command: str) -> Iterator[Session]:
    """A session on a database that has the tables, made as the first run would make them."""
    statement = create_statement(connection)
    with connect(connection, command) as session:
        create_inputs(session, connection.inputs_schema, statement)
        yield session


def create_statement(connection: Connection) -> str:
    """What makes the tables that are missing, as the first run would."""
    return render_macro(
        find_project(None), "inputs.sql", "create_inputs", target={"schema": connection.schema}
    )
