"""The Kill Bill models over an empty database, to be filled and emptied many times.

dbt builds once. Then each world loads its rows, fills every table with the SQL that dbt compiled,
and rolls back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from plain_dbt.in_process import UNTESTED, InProcess, part_of_the_project
from project import ROOT, Model, fillings
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.killbill_catalogs import parse_catalogs
from tidemill_cli.database.session import connect
from tidemill_cli.demo.killbill.load import load
from tidemill_cli.demo.killbill.rows import Row
from tidemill_cli.demo.killbill.schema import Release, create_schema
from tidemill_cli.killbill_catalog import READER, read_catalog

SURFACE = ("customers", "subscription_intervals", "trials", "invoice_lines", "data_issues")
SOURCES = "models/sources/killbill/_killbill__sources.yml"
AS_OF = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class Surface:
    """A session on an empty build, and what fills it."""

    connection: psycopg.Connection[Any]
    schema: str
    models: list[Model]

    def of(self, rows: Mapping[str, Collection[Row]], relation: str) -> list[dict[str, Any]]:
        """Return what the models make of the rows of a database: one relation of the surface."""
        return self.table(rows, f"killbill__{relation}")

    def table(self, rows: Mapping[str, Collection[Row]], name: str) -> list[dict[str, Any]]:
        """Return what one of the models holds."""
        with self.connection.transaction(force_rollback=True):
            load(self.connection, rows, self.schema)
            self._parse(rows)
            for statement in fillings(self.models, [name]):
                self.connection.execute(statement)  # type: ignore[arg-type]
            query = sql.SQL("select * from {}").format(sql.Identifier("tidemill_core", name))
            with self.connection.cursor(row_factory=dict_row) as cursor:
                return cursor.execute(query).fetchall()

    def _parse(self, rows: Mapping[str, Collection[Row]]) -> None:
        """Read the catalogs, as a run does for a server without libxml."""
        for xml in {str(row["tenant_value"]) for row in rows.get("tenant_kvs", ())}:
            found = read_catalog(xml)
            self.connection.execute(
                "insert into tidemill_parsed.killbill_catalogs values (md5(%s), %s, %s, %s)",
                (xml, READER, found.problem, Jsonb(found.document)),
            )


@contextmanager
def surface_build(
    dsn: str, folder: Path, schema: str = "public", release: Release = "0.24"
) -> Iterator[Surface]:
    """Build the surface over an empty Kill Bill of some release."""
    with psycopg.connect(dsn) as connection:
        create_schema(connection, schema, release)
    with connect(resolve(ConnectionOptions(dsn=dsn), {}), "tests") as session:
        # Compiled SQL reads the table of parsed catalogs where there is one.
        parse_catalogs(session, "tidemill_parsed", schema)
    # Every command parses all there is: the other sources and the metrics are left out.
    files = [
        path.relative_to(ROOT).as_posix()
        for pattern in ("models/sources/killbill/**/*.sql", "seeds/killbill/*", SOURCES)
        for path in ROOT.glob(pattern)
    ]
    (folder / "project").mkdir()
    root = part_of_the_project(folder / "project", *files)
    project = InProcess(dsn, folder, root=root)
    project.build(
        *UNTESTED,
        *("--select", *(f"+killbill__{relation}" for relation in SURFACE)),
        variables={
            "tidemill_as_of": AS_OF,
            "tidemill_billing_sources": ["killbill"],
            "tidemill_killbill_schema": schema,
        },
    )
    with psycopg.connect(dsn) as connection:
        connection.execute("set jit = off")
        connection.commit()
        yield Surface(connection, schema, project.models())
