"""One history, done in Lago, in Stripe and in Kill Bill, gives one ledger and the same metrics."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from psycopg import sql
from psycopg.rows import dict_row

from empty_build import empty_build, empty_session
from project import fillings
from properties.killbill.build import parse_once
from tidemill_cli.demo.killbill.load import load as load_killbill
from tidemill_cli.demo.killbill.schema import create_schema as create_killbill
from tidemill_cli.demo.lago.load import load as load_lago
from tidemill_cli.demo.stripe.load import load as load_stripe
from tidemill_cli.demo.stripe.render import Shape
from tidemill_cli.demo.stripe.schema import create_schema as create_stripe

from .histories import END, Step, histories
from .play import play_killbill, play_lago, play_stripe

SOURCES = ["lago", "stripe", "killbill"]
# Lago and Kill Bill have tables of the same names.
KILLBILL = "killbill"
# Each fills every model of three engines.
EXAMPLES = settings.default.max_examples // 4
# Ids, instants within a day, what is paid when, and who wanted to leave, which Lago does not say:
# of the engine, not of the history.
OF_THE_ENGINE = {
    *("billing_source", "tenant_id", "customer_id", "movement_id", "subscription_ids"),
    *("source_rows", "movement_at", "recorded_at", "definitions_hash"),
    *("cumulative_cash", "cash_per_customer"),
}
# What is billed for usage, what an engine takes for an item, and what is wrong with its rows.
NOT_COMPARED = {
    *("metric_usage_revenue", "metric_definitions", "data_issues"),
    *("metric_mrr_items", "metric_mrr_item_changes"),
}


def _is_of_the_engine(column: str) -> bool:
    return column in OF_THE_ENGINE or "voluntary" in column


@dataclass(frozen=True)
class Built:
    """A session on an empty build over both engines, what fills it, and what is compared."""

    connection: psycopg.Connection[Any] = field(repr=False)
    refreshes: list[str] = field(repr=False)
    metrics: list[str] = field(repr=False)

    def rows(self, metric: str, source: str) -> "Counter[tuple[Any, ...]]":
        """The rows of one engine, with customers by their number."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(
                sql.SQL("select * from {} where billing_source = %s").format(
                    sql.Identifier("tidemill", metric)
                ),
                (source,),
            ).fetchall()
        numbers = self._numbers()
        return Counter(
            (
                numbers.get(row.get("customer_id", "")),
                *((name, row[name]) for name in sorted(row) if not _is_of_the_engine(name)),
            )
            for row in found
            if row.get("dimension") != "source"
        )

    def fill(self) -> None:
        """Fill every table from what is loaded."""
        for statement in self.refreshes:
            self.connection.execute(statement)

    def compare(self, one: str, other: str) -> None:
        """Demand the same metrics of two engines."""
        for metric in self.metrics:
            left, right = self.rows(metric, one), self.rows(metric, other)
            differing = {one: [*(left - right)][:2], other: [*(right - left)][:2]}
            assert not any(differing.values()), f"{metric}: {differing}"

    def _numbers(self) -> dict[str, str]:
        return dict(
            self.connection.execute(
                "select id::text, external_id from customers union all"
                " select id, _raw_data ->> 'name' from stripe.customers union all"
                " select id, external_key from killbill.accounts"
            ).fetchall()
        )


@pytest.fixture(scope="module")
def built(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    dsn = new_database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        create_stripe(connection)
        create_killbill(connection, KILLBILL)
    parse_once(dsn, play_killbill([]), KILLBILL)
    variables = {"tidemill_billing_sources": SOURCES, "tidemill_killbill_schema": KILLBILL}
    project = empty_build(dsn, tmp_path_factory.mktemp("engines"), END, variables)
    metrics = sorted(
        model.name
        for model in project.models()
        if model.name.startswith("metric_") and model.name not in NOT_COMPARED
    )
    with empty_session(dsn) as connection:
        yield Built(connection, fillings(project.models()), metrics)


@pytest.mark.parametrize("shape", ["acacia", "clover"])
@settings(max_examples=EXAMPLES)
@given(history=histories())
def test_the_same_history_gives_the_same_metrics(
    built: Built, shape: Shape, history: list[Step]
) -> None:
    connection = built.connection
    with connection.transaction(force_rollback=True):
        load_lago(connection, play_lago(history))
        load_stripe(connection, play_stripe(history, shape))
        built.fill()
        built.compare("lago", "stripe")


@settings(max_examples=EXAMPLES)
@given(history=histories())
def test_kill_bill_gives_them_too(built: Built, history: list[Step]) -> None:
    connection = built.connection
    with connection.transaction(force_rollback=True):
        # It knows no coupons: nobody has any here.
        load_lago(connection, play_lago(history, coupons=False))
        load_killbill(connection, play_killbill(history), KILLBILL)
        built.fill()
        built.compare("lago", "killbill")
