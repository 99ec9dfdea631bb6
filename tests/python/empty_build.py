"""A build of the dbt project on an empty Lago database, to be filled and emptied many times.

dbt runs once. Then each example loads its rows, fills every table with the SQL that dbt compiled,
and rolls back, which takes a fraction of a second.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from project import Project
from properties.captured import load_history
from properties.play import Played
from tidemill_cli.demo.lago.load import load
from tidemill_cli.demo.lago.schema import create_indexes, create_primary_keys, create_schema


def empty_build(
    dsn: str, folder: Path, as_of: datetime, variables: dict[str, Any] | None = None
) -> Project:
    """Create Lago's tables in a database, and build the project on them."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        create_schema(connection)
        create_primary_keys(connection)
        create_indexes(connection)
    project = Project(dsn, folder)
    project.build(
        "--exclude-resource-type",
        "test",
        "unit_test",
        variables={"tidemill_as_of": as_of.isoformat(), **(variables or {})},
    )
    with psycopg.connect(dsn, autocommit=True) as connection:
        # The one table that is not empty on an empty Lago.
        connection.execute("truncate tidemill_core.as_of")
    return project


@contextmanager
def empty_session(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """A session to fill an empty build in."""
    with psycopg.connect(dsn) as connection:
        connection.execute("set jit = off")
        # Without statistics every table is taken for small, and some histories are not.
        connection.execute("set enable_nestloop = off")
        connection.commit()
        yield connection


def refill(connection: psycopg.Connection[Any], refreshes: Iterable[str], played: Played) -> None:
    """Load a history's rows and fill every table; the caller rolls back."""
    load(connection, played.rows)
    load_history(connection, played)
    for statement in refreshes:
        connection.execute(statement)
