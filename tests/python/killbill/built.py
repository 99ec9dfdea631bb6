"""The Kill Bill models over an empty database, to be filled and emptied for every test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.datetime import TimestamptzLoader

from plain_dbt.in_process import InProcess, part_of_the_project
from project import ROOT, Model
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.killbill_catalogs import parse_catalogs
from tidemill_cli.database.session import connect
from tidemill_cli.demo.killbill.schema import create_schema

from .books import Books

Row = dict[str, Any]
SOURCES = ("auto", "catalog", "invoice")
_MODELS = "models/sources/killbill"
CHOOSES = "int_killbill__state_prices"


class OrNever(TimestamptzLoader):
    """Instants of Python do not go on for ever."""

    def load(self, data: Any) -> Any:  # noqa: ANN401 - of psycopg's own types
        return None if bytes(data) == b"infinity" else super().load(data)


@dataclass(frozen=True)
class KillbillBuild:
    """A session on an empty build, and what fills it; one model by whose price counts."""

    connection: psycopg.Connection[Any]
    models: Sequence[Model]
    choosing: dict[str, Model]

    @contextmanager
    def of(
        self, books: Books, names: Sequence[str], price_source: str = "auto"
    ) -> Iterator[psycopg.Connection[Any]]:
        """Load rows as a run would find them, and fill what some models are built on."""
        wanted = {*names, *(name for one in self.models if one.name in names
                            for name in one.ancestors)}  # fmt: skip
        with self.connection.transaction(force_rollback=True):
            books.load(self.connection)
            parse_catalogs(self.connection, "tidemill_parsed", "public")
            for model in self.models:
                if model.name in wanted:
                    chosen = self.choosing[price_source] if model.name == CHOOSES else model
                    self.connection.execute(chosen.filling)  # type: ignore[arg-type]
            yield self.connection

    def rows(
        self, books: Books, relation: str, order: str = "1", price_source: str = "auto"
    ) -> list[Row]:
        """Everything in one relation."""
        query = f"select * from tidemill_core.{relation} order by {order}"
        with (
            self.of(books, [relation], price_source) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            return cursor.execute(query).fetchall()  # type: ignore[arg-type]


@contextmanager
def killbill_build(dsn: str, folder: Path, names: Sequence[str]) -> Iterator[KillbillBuild]:
    """Build models, and what they are built on, once."""
    # Every command parses all there is: the other sources and the metrics are left out.
    files = [
        path.relative_to(ROOT).as_posix()
        for pattern in ("models/sources/killbill/**/*.sql", "seeds/killbill/*")
        for path in ROOT.glob(pattern)
    ]
    (folder / "project").mkdir()
    root = part_of_the_project(folder / "project", *files, f"{_MODELS}/_killbill__sources.yml")
    project = InProcess(dsn, folder, root=root)
    with psycopg.connect(dsn) as connection:
        create_schema(connection)
    with connect(resolve(ConnectionOptions(dsn=dsn), {}), "tests") as session:
        # Compiled SQL reads the table of parsed catalogs where there is one.
        parse_catalogs(session, "tidemill_parsed", "public")
    chosen = [f"+{name}" for name in names]
    choosing = {}
    for price_source in reversed(SOURCES):
        done = project.dbt(
            "build" if price_source == SOURCES[0] else "compile",
            *("--select", *(chosen if price_source == SOURCES[0] else (CHOOSES,))),
            *(
                ("--exclude-resource-type", "test", "unit_test")
                if price_source == SOURCES[0]
                else ()
            ),
            variables={
                "tidemill_billing_sources": ["killbill"],
                "tidemill_mrr_price_source": price_source,
            },
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr
        models = [model for model in project.models() if not model.is_view]
        (choosing[price_source],) = (model for model in models if model.name == CHOOSES)
    with psycopg.connect(dsn, prepare_threshold=None) as connection:
        connection.adapters.register_loader("timestamptz", OrNever)
        connection.execute("set jit = off")
        connection.execute("set timezone = 'UTC'")
        connection.execute("set search_path = public")
        connection.commit()
        yield KillbillBuild(connection, models, choosing)
