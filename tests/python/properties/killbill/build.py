"""The Kill Bill models over empty tables, to be filled and emptied many times.

dbt builds once. Then each example loads its rows, fills the tables with the SQL that dbt compiled,
and rolls back. The catalogs are the same in all examples, so they are parsed once.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from plain_dbt.in_process import UNTESTED, InProcess
from project import Model, fillings
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.killbill_catalogs import parse_catalogs, server_reads_xml
from tidemill_cli.database.session import connect
from tidemill_cli.demo.killbill.load import load
from tidemill_cli.demo.killbill.schema import create_schema

from .catalogue import END
from .play import Played, play

Row = dict[str, Any]

INTERVALS = "killbill__subscription_intervals"
PARSED = "tidemill_parsed"


@dataclass(frozen=True)
class KillBillBuild:
    """A session on an empty build, and what fills it."""

    connection: psycopg.Connection[Any] = field(repr=False)
    models: list[Model] = field(repr=False)

    @contextmanager
    def of(self, played: Played, names: Collection[str]) -> Iterator[psycopg.Connection[Any]]:
        """Load a history, and fill what some models are built on."""
        with self.connection.transaction(force_rollback=True):
            load(self.connection, played.rows)
            for statement in fillings(self.models, names):
                self.connection.execute(statement)  # type: ignore[arg-type]
            yield self.connection

    def table(self, played: Played, name: str, schema: str = "tidemill_core") -> list[Row]:
        """Return what a model makes of a history."""
        with (
            self.of(played, [name]) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            return cursor.execute(f"select * from {schema}.{name}").fetchall()  # type: ignore[arg-type]


@contextmanager
def killbill_build(dsn: str, folder: Path, names: Collection[str]) -> Iterator[KillBillBuild]:
    """Build models, and what they are built on, over empty tables."""
    with psycopg.connect(dsn) as connection:
        create_schema(connection)
        load(connection, play([]).rows)
    with connect(resolve(ConnectionOptions(dsn=dsn), {}), "tests") as session:
        if not server_reads_xml(session):
            parse_catalogs(session, PARSED, "public")
    with psycopg.connect(dsn) as connection:
        for table in ("tenants", "tenant_kvs", "accounts", "account_history", "payment_methods"):
            connection.execute(f"truncate {table}")
    project = InProcess(dsn, folder)
    done = project.dbt(
        "build",
        *("--select", *(f"+{name}" for name in names), *UNTESTED, "unit_test"),
        variables={"tidemill_as_of": END.isoformat(), "tidemill_billing_sources": ["killbill"]},
        TIDEMILL_STARTED_AT=END.isoformat(),
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    with psycopg.connect(dsn) as connection:
        connection.execute("set jit = off")
        connection.execute("set enable_nestloop = off")
        models = project.models()
        for model in models:
            # Some are not empty on an empty database: one says when it was built.
            if not model.is_view:
                connection.execute(f"truncate {model.relation}")  # type: ignore[arg-type]
        connection.commit()
        yield KillBillBuild(connection, models)
