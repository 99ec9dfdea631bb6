"""The canonical and metric models over surface rows written by hand, under any options.

Nothing of a billing engine is built: its surface relations are empty tables. dbt only compiles,
once for each set of options. Then each example loads its rows, fills every table with the SQL that
dbt compiled, and rolls back.
"""

import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import psycopg

from plain_dbt.in_process import InProcess
from project import ROOT, Model

Row = Mapping[str, Any]
Surface = Mapping[str, Sequence[Row]]
"""Rows by the name of their surface relation: customers, subscription_intervals, ..."""

Rate = tuple[date, str, Decimal]
"""A day, a currency and how many units of it one unit of the base currency is worth."""

# Whose surface holds the rows of a billing source, unless something else is said.
ENGINE = "lago"
# What an adapter never leaves empty, and a row by hand does.
DEFAULTS: dict[str, Row] = {
    "customers": {"country": "unknown", "is_excluded": False, "attributes": {}},
    "subscription_intervals": {
        "once_discount": 0,
        "repeating_discount": 0,
        "forever_discount": 0,
    },
    "trials": {},
    "invoice_lines": {"discount": 0, "tax": 0, "refunded": 0},
    "data_issues": {},
}
# The history of definitions is a snapshot; it holds no row of the surface.
COMPILED = (
    *("--select", "canonical", "metrics", "--exclude", "definitions+", "resource_type:test"),
    *("--no-introspect", "--no-populate-cache"),
)


def published(rates: Iterable[Rate], base_currency: str = "EUR") -> list[Row]:
    """Exchange rates as they are loaded."""
    return [
        {"rate_date": day, "currency": name, "rate": rate, "base_currency": base_currency}
        for day, name, rate in rates
    ]


class SurfaceBuild:
    """A session in which every relation exists under one set of options, and holds nothing."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        models: Sequence[Model],
        as_of: datetime,
        engines: Mapping[str, str],
    ) -> None:
        """Take the session, in which the statements that fill the tables of models are prepared."""
        self.connection = connection
        self.models = models
        self.as_of = as_of
        self._engines = engines

    @contextmanager
    def filled(
        self,
        surface: Surface,
        *,
        rates: Iterable[Rate] = (),
        fixed_rates: Mapping[str, Decimal | int] | None = None,
        base_currency: str = "EUR",
        spend: Iterable[Row] = (),
        segments: Iterable[Row] = (),
        later: timedelta = timedelta(),
        models: Sequence[Model] | None = None,
    ) -> Iterator[psycopg.Connection[Any]]:
        """Load rows, fill every table (or those of some models) as some time later.

        Leaves no trace afterwards.
        """
        fixed = [{"currency": name, "rate": rate} for name, rate in (fixed_rates or {}).items()]
        with self.connection.transaction(force_rollback=True):
            for relation, rows in self.facts(surface).items():
                self.load(f"tidemill_core.{relation}", rows)
            self.load("tidemill_inputs.fx_rates", published(rates, base_currency))
            self.load("tidemill_inputs.spend", list(spend))
            self.load("tidemill_inputs.segments", list(segments))
            self.load("tidemill_core.fx_fixed_rates", fixed)
            for model in self.models if models is None else models:
                if model.is_view:
                    continue
                if later and model.name == "as_of":
                    now = (self.as_of + later).isoformat()
                    statement = model.filling.replace(self.as_of.isoformat(), now)
                elif model in self.models:
                    statement = f"execute fill_{model.name}"
                else:
                    statement = model.filling
                self.connection.execute(statement)
            yield self.connection

    def facts(self, surface: Surface) -> dict[str, list[Row]]:
        """The rows of each engine's surface, with what an adapter never leaves empty."""
        rows: dict[str, list[Row]] = defaultdict(list)
        for relation, of_all in surface.items():
            for row in of_all:
                engine = self.engine_of(row["billing_source"])
                rows[f"{engine}__{relation}"].append({**DEFAULTS[relation], **row})
        return rows

    def engine_of(self, billing_source: str) -> str:
        """The engine whose surface holds what a source has billed."""
        return self._engines.get(billing_source, ENGINE)

    def load(self, table: str, rows: Sequence[Row]) -> None:
        """Put rows into a table."""
        if rows:
            self.connection.execute(
                f"insert into {table} select * from jsonb_populate_recordset(null::{table}, %s)",
                (json.dumps(rows, default=str),),
            )


class SurfaceProject:
    """The project without its engines, on a database of its own."""

    def __init__(
        self, dsn: str, folder: Path, as_of: datetime, engines: Mapping[str, str] | None = None
    ) -> None:
        """Make the inputs, the seeds, and empty surface relations.

        Engines besides Lago are given by the billing source of which they have the rows.
        """
        self._as_of = as_of
        self._engines = engines or {}
        used = [ENGINE, *self._engines.values()]
        root = _without_engines(folder / "project", used)
        self._variables = {
            "tidemill_as_of": as_of.isoformat(),
            "tidemill_billing_sources": used,
        }
        self._dbt = InProcess(dsn, folder, root=root)
        self._run("seed")
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("create schema tidemill")
            connection.execute("truncate tidemill_core.fx_fixed_rates")
            for node in self._dbt.manifest()["nodes"].values():
                if node["resource_type"] == "model" and "sources" in node["fqn"]:
                    types = [f'"{c["name"]}" {c["data_type"]}' for c in node["columns"].values()]
                    connection.execute(f"create table {node['relation_name']} ({', '.join(types)})")

    @contextmanager
    def under(self, variables: Mapping[str, Any] | None = None) -> Iterator[SurfaceBuild]:
        """Compile under some options, and make every relation for as long as the build is used."""
        self._run("compile", *COMPILED, **(variables or {}))
        models = self._dbt.models()
        # Planning these statements takes longer than running them on a few rows: each is planned
        # once, on empty tables. What psycopg prepares by itself it forgets at every rollback.
        with psycopg.connect(self._dbt.dsn, prepare_threshold=None) as connection:
            connection.execute("set jit = off")
            connection.execute("set enable_nestloop = off")
            for model in models:
                connection.execute(model.creation)
                if not model.is_view:
                    connection.execute(f"prepare fill_{model.name} as {model.filling}")
            yield SurfaceBuild(connection, models, self._as_of, self._engines)
            connection.rollback()

    def rendered(self, text: str) -> str:
        """What dbt makes of some Jinja."""
        self._run("compile", "--inline", text, "--no-introspect", "--no-populate-cache")
        results = json.loads((self._dbt.folder / "target" / "run_results.json").read_text())
        code: str = results["results"][0]["compiled_code"]
        return code

    def manifest(self) -> dict[str, Any]:
        """The manifest, with what was compiled last."""
        return self._dbt.manifest()

    def _run(self, *arguments: str, **variables: object) -> None:
        done = self._dbt.dbt(*arguments, variables={**self._variables, **variables})
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr


def _without_engines(root: Path, engines: Iterable[str]) -> Path:
    """A copy of the project in which the surfaces of engines are only described."""
    kept = (
        *("dbt_project.yml", "macros", "seeds/canonical", "seeds/inputs"),
        *("models/_docs.md", "models/_groups.yml", "models/inputs", "models/canonical"),
        "models/metrics",
        *(f"models/sources/{engine}/_{engine}__models.yml" for engine in engines),
    )
    for name in kept:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            # Tests say the same on every database.
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("*_tests.yml"))
        else:
            shutil.copy(ROOT / name, root / name)
    for engine, relation in product(engines, DEFAULTS):
        (root / f"models/sources/{engine}/{engine}__{relation}.sql").write_text("select")
    return root
