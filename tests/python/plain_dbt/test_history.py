"""What Lago changes in place is known from the first run on, because snapshots saw it change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from properties.compare import differences
from tidemill_cli.demo.lago.engine import FixedCharge, LagoEngine
from tidemill_cli.demo.lago.load import load
from tidemill_cli.demo.lago.pricing import Amount
from tidemill_cli.demo.lago.schema import create_schema

from .in_process import UNTESTED, InProcess

NOW = datetime.now(UTC) - timedelta(minutes=1)
START = NOW - timedelta(days=60)
SUBSCRIBED = NOW - timedelta(days=20)
FIRST_CAPTURE = timedelta(days=12)
SECOND_CAPTURE = timedelta(days=5)
CHANGED = {
    "lago_plans_history": "plan_id",
    "lago_customers_history": "customer_id",
    "lago_fixed_charges_history": "fixed_charge_id",
}
UNCHANGED = {
    "lago_subscriptions_history": "segment_id",
    "lago_applied_coupons_history": "applied_coupon_id",
}
# Nothing of this is invoiced yet: billed at the end of the year, or still in trial.
EDITS = (
    "update plans set amount_cents = 18000 where code in ('arrears', 'trial')",
    'update fixed_charges set properties = \'{"amount": "12"}\'',
    "update customers set country = 'FR' where country = 'DE'",
)


def rows() -> Mapping[str, list[dict[str, Any]]]:
    lago = LagoEngine(seed=1, start=START)
    acme = lago.organization("Acme")
    yearly: dict[str, Any] = {"interval": "yearly", "pay_in_advance": False}
    plans = [
        lago.plan(acme, "arrears", "120", **yearly),
        lago.plan(acme, "trial", "120", trial_days=90, **yearly),
        lago.plan(acme, "team", "60", fixed_charges=[FixedCharge("seats", "10")], **yearly),
    ]
    for plan, country in zip(plans, ("DE", "US", "US"), strict=True):
        customer = lago.customer(acme, START, country=country)
        units: dict[str, Amount] = {"seats": "3"} if plan.code == "team" else {}
        coupon = lago.coupon(acme, f"for_{plan.code}", percentage="10", frequency="forever")
        lago.apply_coupon(customer, coupon, SUBSCRIBED)
        lago.subscribe(customer, plan, SUBSCRIBED, billing_time="anniversary", units=units)
    lago.run_until(NOW)
    return lago.rows


@dataclass(frozen=True)
class Built:
    """A build to ask."""

    dsn: str

    def all(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query).fetchall()

    def captured_on(self, snapshot: str) -> list[date]:
        """The days on which versions of what changed were seen."""
        found = self.all(
            f"select distinct (observed_at at time zone 'UTC')::date"
            f" from tidemill_history.{snapshot} order by 1"
        )
        return [day for (day,) in found]

    def level(self, day: date, plan: str, column: str = "product") -> dict[str, Decimal]:
        """MRR of a plan at the end of a day, by one dimension."""
        return dict(
            self.all(
                f"select {column}, sum(mrr) from tidemill.metric_mrr where grain = 'day'"
                f" and period_start = '{day}' and plan = '{plan}' group by {column}"
            )
        )


def changed_twice(dsn: str) -> dict[str, int]:
    """How many versions the rows that changed have, by snapshot."""
    counts = {}
    with psycopg.connect(dsn) as connection:
        for snapshot, key in {**CHANGED, **UNCHANGED}.items():
            query = sql.SQL(
                "select max(versions) from (select count(*) as versions from {} group by {}) as v"
            ).format(sql.Identifier("tidemill_history", snapshot), sql.Identifier(key))
            row = connection.execute(query).fetchone()
            assert row is not None
            counts[snapshot] = row[0]
    return counts


def move_captures_back(dsn: str) -> None:
    """As if the first build had been days ago, and the second some days after it."""
    with psycopg.connect(dsn) as connection:
        for snapshot, key in {**CHANGED, **UNCHANGED}.items():
            connection.execute(
                sql.SQL(
                    "update {snapshot} as moved set observed_at = observed_at - case"
                    " when exists (select 1 from {snapshot} as earlier where"
                    " earlier.{key} = moved.{key} and earlier.observed_at < moved.observed_at)"
                    " then %s else %s end"
                ).format(
                    snapshot=sql.Identifier("tidemill_history", snapshot), key=sql.Identifier(key)
                ),
                (SECOND_CAPTURE, FIRST_CAPTURE),
            )


@pytest.fixture(scope="module")
def project(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    return InProcess(new_database(), tmp_path_factory.mktemp("history"))


@pytest.fixture(scope="module")
def built_twice(project: InProcess) -> Built:
    """Two builds today, with edits in between."""
    with psycopg.connect(project.dsn) as connection:
        create_schema(connection)
        load(connection, rows())
    project.build(*UNTESTED)
    assert set(changed_twice(project.dsn).values()) == {1}
    with psycopg.connect(project.dsn) as connection:
        for edit in EDITS:
            connection.execute(edit)
    project.build(*UNTESTED)
    return Built(project.dsn)


@pytest.fixture(scope="module")
def built_again(project: InProcess, built_twice: Built) -> Built:
    """A third build, days after the captures."""
    move_captures_back(built_twice.dsn)
    project.build(*UNTESTED, variables={"tidemill_as_of": NOW.isoformat()})
    return built_twice


def test_a_build_captures_what_changed_and_nothing_else(built_twice: Built) -> None:
    counts = changed_twice(built_twice.dsn)
    assert counts == {**dict.fromkeys(CHANGED, 2), **dict.fromkeys(UNCHANGED, 1)}
    prices = built_twice.all(
        "select amount from tidemill_history.lago_plans_history"
        " where plan_code = 'arrears' order by observed_at"
    )
    assert prices == [(Decimal(120),), (Decimal(180),)]


def test_a_change_counts_on_the_day_it_is_first_seen(built_twice: Built) -> None:
    captured = built_twice.captured_on("lago_customers_history")
    transfers = built_twice.all(
        "select movement_date, country, sum(amount) from tidemill.metric_mrr_movements"
        " where movement_type = 'transfer' group by 1, 2 order by 2"
    )
    assert transfers == [
        (captured[-1], "DE", Decimal("-9.0")),
        (captured[-1], "FR", Decimal("9.0")),
    ]


def test_a_third_build_captures_nothing_new(built_again: Built) -> None:
    counts = changed_twice(built_again.dsn)
    assert counts == {**dict.fromkeys(CHANGED, 2), **dict.fromkeys(UNCHANGED, 1)}


def test_a_plan_keeps_its_old_price_until_the_new_one_was_seen(built_again: Built) -> None:
    _, second = built_again.captured_on("lago_plans_history")
    # A tenth less: the coupon.
    assert built_again.level(second - timedelta(days=1), "arrears") == {"arrears": Decimal(9)}
    assert built_again.level(second, "arrears") == {"arrears": Decimal("13.5")}
    assert built_again.level(NOW.date(), "arrears") == {"arrears": Decimal("13.5")}


@pytest.mark.parametrize(("plan", "status"), [("arrears", "active"), ("trial", "trialing")])
def test_intervals_say_that_a_price_was_captured(
    built_again: Built, plan: str, status: str
) -> None:
    # The country of one of the two changed too, which cuts its intervals again.
    found = built_again.all(
        "select distinct on (amount, history_source) status, amount, history_source"
        f" from tidemill_core.lago__subscription_intervals where plan = '{plan}'"
        " order by amount, history_source, valid_from"
    )
    assert found == [
        (status, Decimal(120), "inferred"),
        (status, Decimal(120), "snapshot"),
        (status, Decimal(180), "snapshot"),
    ]
    first_known = built_again.all(
        "select min(valid_from) from tidemill_core.lago__subscription_intervals"
        f" where plan = '{plan}' and history_source = 'snapshot'"
    )
    observed = built_again.all("select min(observed_at) from tidemill_history.lago_plans_history")
    assert first_known == observed


def test_a_fixed_charge_keeps_its_old_price_until_the_new_one_was_seen(
    built_again: Built,
) -> None:
    _, second = built_again.captured_on("lago_fixed_charges_history")
    before = built_again.level(second - timedelta(days=1), "team")
    after = built_again.level(second, "team")
    assert before["seats"] == Decimal("2.25")
    assert after["seats"] == Decimal("2.7")
    assert before["team"] == after["team"] == Decimal("4.5")


def test_a_customer_moves_to_another_country_on_the_day_that_was_seen(
    built_again: Built,
) -> None:
    _, second = built_again.captured_on("lago_customers_history")
    before = built_again.level(second - timedelta(days=1), "arrears", "country")
    assert before == {"DE": Decimal(9)}
    assert built_again.level(second, "arrears", "country") == {"FR": Decimal("13.5")}
    moved = built_again.all(
        "select movement_date, movement_type, country, sum(amount)"
        " from tidemill.metric_mrr_movements where plan = 'arrears' and movement_type <> 'new'"
        " group by 1, 2, 3 order by 2, 3"
    )
    assert moved == [
        (second, "expansion", "FR", Decimal("4.5")),
        (second, "transfer", "DE", Decimal(-9)),
        (second, "transfer", "FR", Decimal(9)),
    ]


def test_captured_history_gives_the_reference_numbers(built_again: Built) -> None:
    with psycopg.connect(built_again.dsn) as connection:
        assert differences(connection, NOW) == []


@pytest.mark.slow
def test_dbt_run_needs_no_snapshot_to_have_been_taken(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    project = InProcess(new_database(), tmp_path)
    with psycopg.connect(project.dsn) as connection:
        create_schema(connection)
        load(connection, rows())
    variables = {"tidemill_as_of": NOW.isoformat()}
    for command in ("seed", "run"):
        done = project.dbt(command, variables=variables)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    with psycopg.connect(project.dsn) as connection:
        history = connection.execute(
            "select to_regclass('tidemill_history.lago_plans_history')"
        ).fetchone()
        sources = connection.execute(
            "select distinct history_source from tidemill_core.lago__subscription_intervals"
        ).fetchall()
        found = differences(connection, NOW)
    assert history == (None,)
    assert sources == [("inferred",)]
    assert found == []
