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
SURFACE = (INTERVALS, "killbill__trials", "killbill__invoice_lines", "killbill__data_issues")
PARSED = "tidemill_parsed"
PRICE_SOURCES = ("auto", "catalog")


@dataclass(frozen=True)
class KillBillBuild:
    """A session on an empty build, and what fills it."""

    connection: psycopg.Connection[Any] = field(repr=False)
    # By whose price counts.
    models: dict[str, list[Model]] = field(repr=False)

    def table(self, played: Played, name: str, price_source: str = "auto") -> list[Row]:
        """Return what a model makes of a history."""
        with (
            self.connection.transaction(force_rollback=True),
            self.connection.cursor(row_factory=dict_row) as cursor,
        ):
            load(self.connection, played.rows)
            for statement in fillings(self.models[price_source], [name]):
                cursor.execute(statement)  # type: ignore[arg-type]
            return cursor.execute(f"select * from tidemill_core.{name}").fetchall()  # type: ignore[arg-type]


@contextmanager
def killbill_build(dsn: str, folder: Path, names: Collection[str]) -> Iterator[KillBillBuild]:
    """Build models, and what they are built on, over empty tables."""
    with psycopg.connect(dsn) as connection:
        create_schema(connection)
    parse_once(dsn, play([]).rows)
    project = InProcess(dsn, folder)
    read: dict[str, list[Model]] = {}
    for price_source in PRICE_SOURCES:
        done = project.dbt(
            "compile" if read else "build",
            *("--select", *(f"+{name}" for name in names)),
            *(() if read else (*UNTESTED, "unit_test")),
            variables={
                "tidemill_as_of": END.isoformat(),
                "tidemill_billing_sources": ["killbill"],
                "tidemill_mrr_price_source": price_source,
            },
            TIDEMILL_STARTED_AT=END.isoformat(),
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr
        read[price_source] = project.models()
    with psycopg.connect(dsn) as connection:
        connection.execute("set jit = off")
        connection.execute("set enable_nestloop = off")
        for model in read["auto"]:
            # Some are not empty on an empty database: one says when it was built.
            if not model.is_view:
                connection.execute(f"truncate {model.relation}")  # type: ignore[arg-type]
        connection.commit()
        yield KillBillBuild(connection, read)


def parse_once(dsn: str, rows: dict[str, list[Any]], schema: str = "public") -> None:
    """Parse the catalogs among some rows as a run would, and leave only what was parsed."""
    with connect(resolve(ConnectionOptions(dsn=dsn), {}), "tests") as session:
        load(session, {"tenant_kvs": rows["tenant_kvs"]}, schema)
        if not server_reads_xml(session):
            parse_catalogs(session, PARSED, schema)
        session.execute(f"truncate {schema}.tenant_kvs")  # type: ignore[arg-type]
