"""Many cases in one build, each a tenant of its own, and what the metrics say of one of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, Self

import psycopg
from psycopg import sql

from plain_dbt.in_process import UNTESTED, InProcess
from properties.captured import load_history
from surface.build import SurfaceBuild, SurfaceProject
from tidemill_cli.demo.lago.load import load
from tidemill_cli.demo.lago.schema import create_schema

from .case import Case, Cell, LagoCase, Movement, figures, lines_of, plain, table
from .script import perform

AS_OF = datetime(2025, 7, 1, tzinfo=UTC)
WATERFALL = ("opening", "new", "reactivation", "expansion", "contraction", "churn", "transfer")
CUSTOMERS = ("opening_customers", "new_customers", "returned_customers", "lost_customers")


class GoldenProject(SurfaceProject):
    """The models over any surface, and in the same database a Lago and its adapter."""

    def __init__(self, dsn: str, folder: Path) -> None:
        """Make the empty surface, and build the adapter over an empty Lago in its place."""
        super().__init__(dsn, folder, AS_OF)
        with psycopg.connect(dsn, autocommit=True) as connection:
            create_schema(connection)
        adapter = InProcess(dsn, folder)
        adapter.build("--select", "+path:models/sources/lago", *UNTESTED)
        self._adapter = adapter.refreshes()

    @contextmanager
    def filled(
        self, build: SurfaceBuild, as_of: str, rates: str, cases: Sequence[Case]
    ) -> Iterator[dict[str, "Books"]]:
        """Let cases happen as tenants of one build; hand back the books of each by its name."""
        instant = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
        models = [
            replace(model, code=model.code.replace(AS_OF.isoformat(), instant.isoformat()))
            for model in build.models
        ]
        connection = build.connection
        books, spend, ids = {}, [], count(1)
        surface: dict[str, list[dict[str, Any]]] = defaultdict(list)
        with connection.transaction(force_rollback=True):
            for seed, case in enumerate(cases, 1):
                if isinstance(case, LagoCase):
                    played = perform(case.plans, case.coupons, case.history, instant, seed)
                    # The one id that Lago counts: each case has a Lago of its own.
                    versions = [{**row, "id": next(ids)} for row in played.rows["versions"]]
                    load(connection, {**played.rows, "versions": versions})
                    load_history(connection, played)
                    tenant = str(played.rows["organizations"][0]["id"])
                else:
                    tenant = case.name
                    for relation, rows in case.surface().items():
                        surface[relation] += [{**row, "tenant_id": tenant} for row in rows]
                books[case.name] = Books(connection, tenant)
                spend += [
                    {"spend_date": day, "tenant_id": tenant, "currency": name, "amount": amount}
                    for day, name, amount in lines_of(case.spend)
                ]
            for statement in ("analyze", *_analyzed(self._adapter)):
                connection.execute(statement)
            published = [
                (date.fromisoformat(day), currency, Decimal(rate))
                for day, _, currency, rate in lines_of(rates)
            ]
            base = lines_of(rates)[0][1] if rates else "EUR"
            with build.filled(
                surface, rates=published, base_currency=base, spend=spend, models=models
            ):
                yield books


class World(NamedTuple):
    """Options, an instant and exchange rates."""

    options: dict[str, Any]
    as_of: str
    rates: str


class Worlds:
    """One world at a time, built and filled when it is entered from another."""

    def __init__(self, project: GoldenProject) -> None:
        """Be in none."""
        self._project = project
        self._here: World | None = None
        self._build = ExitStack()
        self._filled = ExitStack()

    def __enter__(self) -> Self:
        """Hold what is built until the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no trace."""
        self._filled.close()
        self._build.close()

    def enter(self, world: World, cases: Sequence[Case]) -> dict[str, "Books"]:
        """The books of the cases that live in a world."""
        if self._here is None or self._here.options != world.options:
            self.__exit__()
            options = {f"tidemill_{name}": value for name, value in world.options.items()}
            self._relations = self._build.enter_context(self._project.under(options))
        if self._here != world:
            self._filled.close()
            self._books = self._filled.enter_context(
                self._project.filled(self._relations, world.as_of, world.rates, cases)
            )
        self._here = world
        return self._books


def _analyzed(inserts: Iterable[str]) -> list[str]:
    """Each insert with what a build does after it: without statistics the next is planned blind."""
    return [part for text in inserts for part in (text, f"analyze {text.split()[2]}")]


@dataclass(frozen=True)
class Books:
    """What the metrics say of one tenant."""

    connection: psycopg.Connection[Any]
    tenant: str

    def rows(self, relation: str, columns: tuple[str, ...], where: dict[str, str]) -> list[Any]:
        """Some columns of the rows of a relation that have certain values, given as text."""
        schema = "tidemill" if relation.startswith("metric_") else "tidemill_core"
        where = {"tenant_id": self.tenant, **where}
        query = sql.SQL("select {} from {} where {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.Identifier(schema, relation),
            sql.SQL(" and ").join(
                sql.SQL("{}::text = {}").format(sql.Identifier(name), sql.Placeholder(name))
                for name in where
            ),
        )
        return self.connection.execute(query, where).fetchall()

    def movements(self) -> dict[Movement, Decimal]:
        """All movements, as a case gives them."""
        found: dict[Movement, Decimal] = defaultdict(Decimal)
        columns = (
            *("movement_date", "movement_type", "currency", "plan", "product", "reason"),
            "amount",
        )
        for *key, value in self.rows("metric_mrr_movements", columns, {}):
            found[tuple(key)] += value
        return found

    def levels(self, metric: str, column: str, day: date) -> dict[str, dict[str, Decimal]]:
        """The level at the end of a day by currency, by each grain that has a period end there."""
        grains = {"day": day}
        if (day + timedelta(days=1)).day == 1:
            grains["month"] = day.replace(day=1)
        found = {}
        for grain, start in grains.items():
            where = {"grain": grain, "period_start": start.isoformat()}
            found[grain] = defaultdict[str, Decimal](Decimal)
            for currency, value in self.rows(metric, ("currency", column), where):
                found[grain][currency] += value
        return found

    def waterfall(self, expected: str) -> tuple[set[tuple[date, str]], dict[Cell, Decimal]]:
        """The months that a case speaks of, in its words."""
        steps = (*(f"{name}_mrr" for name in WATERFALL), "closing_mrr", "fx_mrr")
        columns = ("period_start", "plan", "product", *steps)
        words = (*WATERFALL, "closing", "fx")
        return _figures(
            [
                (
                    start,
                    plan if plan == product else f"{plan}/{product}",
                    dict(zip(words, values, strict=True)),
                )
                for start, plan, product, *values in self.rows(
                    "metric_mrr_waterfall", columns, {"grain": "month"}
                )
            ],
            expected,
        )

    def customers(self, expected: str) -> tuple[set[tuple[date, str]], dict[Cell, Decimal]]:
        """The months that a case speaks of, in its words."""
        columns = ("period_start", "dimension_value", *CUSTOMERS, "customers")
        words = (*(column.removesuffix("_customers") for column in CUSTOMERS), "customers")
        where = {"grain": "month", "dimension": "total"}
        return _figures(
            [
                (start, value, dict(zip(words, map(Decimal, counts), strict=True)))
                for start, value, *counts in self.rows("metric_customers", columns, where)
            ],
            expected,
        )

    def table(self, which: str, expected: str) -> list[tuple[str, ...]]:
        """The rows of a relation that a case speaks of, in its way of writing."""
        relation, *conditions = which.split()
        columns, _, keys = table(expected)
        where = dict(condition.split("=") for condition in conditions)
        rows = [tuple(map(plain, row)) for row in self.rows(relation, tuple(columns), where)]
        return sorted(row for row in rows if row[0] in keys)


def _figures(
    found: list[tuple[date, str, dict[str, Decimal]]], expected: str
) -> tuple[set[tuple[date, str]], dict[Cell, Decimal]]:
    """The rows of the months that a case speaks of, and their figures that are not 0."""
    months = {start for start, _ in figures(expected)[0]}
    rows, cells = [], {}
    for start, name, values in found:
        if start in months:
            rows.append((start, name))
            cells.update({(start, name, word): value for word, value in values.items() if value})
    assert len(rows) == len(set(rows)), f"a row twice: {rows}"
    return set(rows), cells
