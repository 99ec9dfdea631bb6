"""`tidemill explain`: what it says of rows made by hand, and that a build adds up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
import yaml
from typer.testing import Result

from cli.conftest import Tidemill
from plain_dbt.in_process import UNTESTED, InProcess
from project import ROOT
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.evidence import Evidence
from tidemill_cli.database.session import connect
from tidemill_cli.demo.lago.load import generate_and_load
from tidemill_cli.explain.churn import explain_churn
from tidemill_cli.explain.explanation import Explanation
from tidemill_cli.explain.movement import explain_movement
from tidemill_cli.explain.mrr import explain_customer, explain_total

Explain = Callable[..., Result]
RELATIONS = (
    *("metric_mrr", "metric_mrr_items", "metric_mrr_movements", "metric_mrr_item_changes"),
    *("metric_churn", "metric_churn_customers", "metric_definitions"),
)
OPTIONS = {
    "mrr_discounts": "recurring",
    "mrr_tax": "exclude",
    "week_factor": "52/12",
    "netting": "day",
    "fx_mode": "daily",
    "reporting_currency": "EUR",
    "churn_method": "cohort_end_state",
}
OWNER = {"billing_source": "lago", "tenant_id": "acme"}
ITEM = {
    **OWNER,
    "customer_id": "c1",
    "subscription_id": "s1",
    "from_date": "2026-01-01",
    "currency": "USD",
    "quantity": 1,
    "period_count": 1,
    "counted_discount": 0,
    "is_paused": False,
    "is_usage": False,
    "changed_at": "2026-01-01 10:00+00",
}
ITEMS = [
    # 1,200 a year less 120: 90 a month.
    {"item_id": "i1", "plan": "pro", "product": "pro", "amount": 1200, "period_unit": "year",
     "counted_discount": 120, "list_mrr": 100, "mrr": 90, "source_row": "subscriptions:1"},
    # 3 seats at 10 a week: 30 x 52 / 12 = 130.
    {"item_id": "i2", "plan": "pro", "product": "seats", "amount": 30, "period_unit": "week",
     "quantity": 3, "list_mrr": 130, "mrr": 130, "source_row": "subscriptions:2"},
    {"item_id": "i3", "plan": "addon", "product": "addon", "amount": 8, "period_unit": "month",
     "list_mrr": 0, "mrr": 0, "is_paused": True, "source_row": "subscriptions:3"},
    # 25 every other day: 25 x 365 / 12 / 2 = 380.2083333333.
    {"item_id": "i4", "plan": "days", "product": "days", "amount": 25, "period_unit": "day",
     "period_count": 2, "list_mrr": "380.2083333333", "mrr": "380.2083333333",
     "source_row": "subscriptions:4", "to_date": "2026-02-01"},
]  # fmt: skip
MOVEMENT = {**OWNER, "customer_id": "c1", "currency": "USD", "reporting_currency": "EUR"}
MOVEMENTS = [
    {"movement_id": "lago:acme:c1:2026-01-01:1", "movement_date": "2026-01-01", "sequence": 1,
     "movement_type": "new", "reason": "subscription", "plan": "pro", "amount": "600.2083333333",
     "mrr_before": 0, "mrr_after": "600.2083333333", "fx_rate": "0.5",
     "reporting_amount": "300.10416666665", "source_rows": "subscriptions:1, subscriptions:2"},
    {"movement_id": "lago:acme:c1:2026-02-01:1", "movement_date": "2026-02-01", "sequence": 1,
     "movement_type": "contraction", "reason": "subscription", "plan": "days",
     "amount": "-380.2083333333", "mrr_before": "600.2083333333", "mrr_after": 220,
     "fx_rate": "0.5", "reporting_amount": "-190.10416666665", "source_rows": "subscriptions:4"},
]  # fmt: skip
CHANGES = [
    {**OWNER, "customer_id": "c1", "item_id": "i4", "subscription_id": "s1",
     "movement_date": "2026-02-01", "changed_at": "2026-02-01 00:30+00", "old_plan": "days",
     "old_currency": "USD", "old_quantity": 1, "old_mrr": "380.2083333333", "was_paused": False,
     "source_row": "subscriptions:4"},
]  # fmt: skip
LEVELS = [
    {**OWNER, "grain": "day", "period_start": day, "currency": "USD", "reporting_currency": "EUR",
     "native_mrr": native, "mrr": mrr}
    for day, native, mrr in [("2026-01-31", "600.2083333333", "300.10416666665"),
                             ("2026-02-28", 220, 110)]
]  # fmt: skip
FEBRUARY = {**OWNER, "grain": "month", "period_start": "2026-02-01", "reporting_currency": "EUR"}
CHURN = [
    {**FEBRUARY, "dimension": "total", "churned_customers": 1, "logo_churn_denominator": 4,
     "opening_mrr": 1000, "churned_mrr": 40, "contraction_mrr": "190.10416666665",
     "expansion_mrr": 0, "reactivation_mrr": 0},
]  # fmt: skip
CHURNERS = [
    {**FEBRUARY, "customer_id": "c1", "is_churned": False, "is_voluntary": False,
     "is_involuntary": False, "opening_mrr": "300.10416666665", "closing_mrr": 110,
     "churned_mrr": 0, "contraction_mrr": "190.10416666665", "expansion_mrr": 0,
     "reactivation_mrr": 0},
    {**FEBRUARY, "customer_id": "c2", "is_churned": True, "is_voluntary": True,
     "is_involuntary": False, "opening_mrr": 40, "closing_mrr": 0, "churned_mrr": 40,
     "contraction_mrr": 0, "expansion_mrr": 0, "reactivation_mrr": 0},
]  # fmt: skip


def create(session: psycopg.Connection[Any]) -> None:
    """The relations with the columns and types that they are published with."""
    session.execute("create schema tidemill")
    for path in sorted((ROOT / "models" / "metrics").glob("*.yml")):
        for model in yaml.safe_load(path.read_text())["models"]:
            if model["name"] in RELATIONS:
                columns = ", ".join(f"{one['name']} {one['data_type']}" for one in model["columns"])
                session.execute(f"create table tidemill.{model['name']} ({columns})")  # type: ignore[arg-type]


def insert(session: psycopg.Connection[Any], relation: str, row: dict[str, Any]) -> None:
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    session.execute(
        f"insert into tidemill.{relation} ({names}) values ({places})",  # type: ignore[arg-type]
        list(row.values()),
    )


@pytest.fixture(scope="module")
def made(new_database: Callable[[], str]) -> str:
    dsn = new_database()
    with psycopg.connect(dsn, autocommit=True) as session:
        create(session)
        for item in ITEMS:
            insert(session, "metric_mrr_items", {**ITEM, **item})
        for relation, rows in {
            "metric_mrr_movements": [{**MOVEMENT, **one} for one in MOVEMENTS],
            "metric_mrr_item_changes": CHANGES,
            "metric_mrr": LEVELS,
            "metric_churn": CHURN,
            "metric_churn_customers": CHURNERS,
            "metric_definitions": [
                {"option": option, "value": value, "effect": "what it decides"}
                for option, value in OPTIONS.items()
            ],
        }.items():
            for row in rows:
                insert(session, relation, row)
    return dsn


@pytest.fixture
def explain(tidemill: Tidemill, made: str) -> Explain:
    return lambda *words: tidemill("explain", *words, "--dsn", made)


def test_each_item_is_worked_out_and_all_of_them_are_the_ledger(explain: Explain) -> None:
    result = explain("mrr", "--customer", "c1", "--as-of", "2026-01-31")

    assert result.exit_code == 0, result.stderr
    said = result.stdout
    assert said.startswith("MRR of customer c1 at the end of 2026-01-31: USD 600.21\n")
    for sentence in (
        "USD 1,200.00 per year less USD 120.00 of discounts / 12 = USD 90.00 a month",
        "3 x seats of plan pro, item i2, so since 2026-01-01 10:00 (subscriptions:2)",
        "USD 30.00 per week x 52/12 = USD 130.00 a month",
        "paused, and so USD 0.00",
        "USD 25.00 per 2 days x 365/12 / 2 = USD 380.21 a month",
        "1 movement in USD up to 2026-01-01: USD 600.21.",
        "items and movements in USD: USD 600.21, equal",
        "USD 600.21 x 0.5 = EUR 300.10",
        "by reporting_currency: EUR, fx_mode: daily",
    ):
        assert sentence in said


def test_what_ended_is_there_until_the_day_before(explain: Explain) -> None:
    assert "days, item i4" not in explain("mrr", "--customer", "c1", "--as-of", "2026-02").stdout


def test_all_customers_are_the_published_number(explain: Explain) -> None:
    said = explain("mrr", "--as-of", "2026-02").stdout
    assert "MRR at the end of 2026-02-28: USD 220.00" in said
    assert "c1  USD 220.00 in 3 items" in said
    assert "items of 1 customer and metric_mrr: USD 220.00, equal" in said


def test_a_movement_is_told_with_the_items_behind_it(explain: Explain) -> None:
    said = explain("movement", "lago:acme:c1:2026-02-01:1").stdout

    assert "contraction of USD -380.21, by subscription" in said
    assert "i4 at 2026-02-01 00:30: days, USD 380.21 -> nothing" in said
    assert "changes of items and movements in USD: USD -380.21, equal" in said
    assert "pays less: USD 600.21 before the row, USD 220.00 after it." in said
    assert "x 0.5 = EUR -190.10" in said
    assert "subscriptions:4" in said


def test_churn_is_told_customer_by_customer(explain: Explain) -> None:
    result = explain("churn", "2026-02")

    assert result.exit_code == 0, result.stderr
    said = result.stdout
    assert "1. EUR: 1 of 4 customers, EUR 230.10 lost of EUR 1,000.00" in said
    assert "c2  EUR 40.00 -> EUR 0.00, churned, wanted" in said
    assert "c1  EUR 300.10 -> EUR 110.00" in said
    assert "customers who churned: 1, equal" in said


def test_what_does_not_add_up_is_said_and_fails(tidemill: Tidemill, made: str) -> None:
    with changed(made, "update tidemill.metric_mrr_items set mrr = 90.001 where item_id = 'i1'"):
        wrong = tidemill(
            "explain", "mrr", "--customer", "c1", "--as-of", "2026-01-31", "--dsn", made
        )
        document = tidemill(
            "explain", "mrr", "--customer", "c1", "--as-of", "2026-01-31", "--dsn", made, "--json"
        )
    assert wrong.exit_code == 1
    assert "item i1: USD 90.00 (90), NOT USD 90.00 (90.001)" in wrong.stdout
    assert "(600.2093333333), NOT" in wrong.stdout
    assert json.loads(document.stdout)["holds"] is False


@contextmanager
def changed(dsn: str, statement: str) -> Iterator[None]:
    """Something else is there for a while."""
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute("create table kept as table tidemill.metric_mrr_items")
        session.execute(statement)  # type: ignore[arg-type]
        yield
        session.execute("truncate tidemill.metric_mrr_items")
        session.execute("insert into tidemill.metric_mrr_items table kept")
        session.execute("drop table kept")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["mrr", "--customer", "C"], "there is no customer C with an item that ever counted: did"),
        (["mrr", "--customer", "nobody"], "the id is the engine's own, as in metric_mrr_items."),
        (["mrr", "--as-of", "soon"], "--as-of soon is not a date"),
        (
            ["movement", "lago:acme:c1:2026-02-01:7"],
            "there is no movement lago:acme:c1:2026-02-01:7",
        ),
        (["movement", "'; drop table x; --"], "there is no movement '; drop table x; --"),
        (["churn", "2m"], "PERIOD 2m is not one period"),
    ],
)
def test_a_wrong_word_is_one_sentence(explain: Explain, words: list[str], sentence: str) -> None:
    result = explain(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_where_there_is_nothing_yet_that_is_said(tidemill: Tidemill, database: str) -> None:
    result = tidemill("explain", "mrr", "--dsn", database)
    assert result.exit_code == 2
    assert "no metrics yet in schema tidemill: run `tidemill run` first." in result.stderr


@pytest.fixture(scope="module")
def built(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A generated Lago, with taxes and converted to one currency."""
    dsn = new_database()
    with psycopg.connect(dsn) as session:
        generate_and_load(session, 40, 3, datetime(2026, 1, 1, tzinfo=UTC), 2)
    asked = {"tidemill_as_of": "2026-01-01T00:00:00Z", "tidemill_mrr_tax": "include"}
    selected = [word for name in RELATIONS for word in ("--select", f"+{name}")]
    InProcess(dsn, tmp_path_factory.mktemp("explained")).build(
        *UNTESTED, *selected, variables=asked
    )
    return dsn


@pytest.fixture(scope="module")
def evidence(built: str) -> Iterator[Evidence]:
    with connect(resolve(ConnectionOptions(dsn=built), {}), "tests") as session:
        yield Evidence(session, "tidemill")


def failures(explanation: Explanation) -> list[str]:
    return [str(check) for step in explanation.steps for check in step.checks if not check.holds]


def test_every_customer_and_total_of_a_build_adds_up(evidence: Evidence) -> None:
    customers = evidence.customers("")
    assert customers
    for day in (date(2025, 3, 31), date(2025, 12, 31)):
        assert failures(explain_total(evidence, {}, day, 3)) == []
        for customer in customers:
            assert failures(explain_customer(evidence, customer, day)) == []


def test_every_movement_of_a_build_adds_up(evidence: Evidence) -> None:
    movements = evidence.movements({}, date(2025, 6, 1), date(2026, 1, 1))
    assert len({movement["movement_type"] for movement in movements}) > 3
    for movement in movements:
        explanation = explain_movement(evidence, movement["movement_id"])
        assert failures(explanation) == []
        assert "columns that are read" in explanation.steps[-1].title


def test_every_month_of_churn_of_a_build_adds_up(evidence: Evidence) -> None:
    churned = 0
    for month in range(1, 13):
        first, stop = date(2025, month, 1), date(2025 + month // 12, month % 12 + 1, 1)
        explanation = explain_churn(evidence, {}, "month", first, stop, 5)
        assert failures(explanation) == []
        churned += sum(row["is_churned"] for step in explanation.steps for row in step.rows)
    assert churned > 0


def test_who_may_not_read_the_billing_tables_sees_the_names_of_the_rows(
    tidemill: Tidemill, built: str, reader: str
) -> None:
    with psycopg.connect(built, autocommit=True) as session:
        session.execute(f"grant usage on schema tidemill to {reader}")  # type: ignore[arg-type]
        session.execute(f"grant select on all tables in schema tidemill to {reader}")  # type: ignore[arg-type]
        found = session.execute("select movement_id from tidemill.metric_mrr_movements").fetchone()
    assert found is not None

    said = tidemill("explain", "movement", found[0], "--dsn", f"{built} user={reader}")

    assert said.exit_code == 0, said.stderr
    assert "Who may read the billing tables sees here what is in these rows." in said.stdout
