"""The comparison itself: silent over right relations, and precise over wrong ones."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from reference.ledger import PERIOD_START, Result, compute
from reference.rows import read_raw
from tidemill_cli.demo.lago.engine import LagoEngine
from tidemill_cli.demo.lago.load import load
from tidemill_cli.demo.lago.schema import create_schema

from .actions import (
    Action,
    Capture,
    ChangeCountry,
    ChangePlan,
    GiveCoupon,
    SetUnits,
    Subscribe,
    Terminate,
)
from .captured import load_history
from .catalogue import START
from .compare import DIMENSIONS, differences
from .play import END, Played, play


def on(day: int) -> datetime:
    return START + timedelta(days=day, hours=10)


HISTORY: list[Action] = [
    Subscribe(on(0), customer=0, slot=0, plan="basic"),
    Subscribe(on(3), customer=1, slot=0, plan="team", units=4),
    Subscribe(on(5), customer=1, slot=1, plan="euro"),
    Capture(on(8)),
    GiveCoupon(on(9), customer=1, coupon="third_forever"),
    ChangePlan(on(40), customer=0, slot=0, plan="twin"),
    SetUnits(on(45), customer=1, slot=0, units=6),
    ChangeCountry(on(60), customer=1, country="FR"),
    Capture(on(61)),
    Terminate(on(80), customer=0, slot=0),
    Subscribe(on(95), customer=0, slot=0, plan="week"),
]


@pytest.fixture
def played() -> Played:
    return play(LagoEngine(seed=1, start=START), HISTORY)


@pytest.fixture
def connection(database: str, played: Played) -> Iterator[psycopg.Connection[object]]:
    """A database with Lago's rows, what was captured, and the right relations over them."""
    with psycopg.connect(database, autocommit=True) as connection:
        fill(connection, played)
        yield connection


def fill(connection: psycopg.Connection[object], played: Played) -> None:
    create_schema(connection, indexes=False)
    load(connection, played.rows)
    connection.execute(
        """
        create schema tidemill_history;
        create table tidemill_history.lago_plans_history
            (plan_id uuid, amount numeric, currency text, observed_at timestamptz);
        create table tidemill_history.lago_subscriptions_history
            (segment_id uuid, plan_id uuid, observed_at timestamptz);
        create table tidemill_history.lago_fixed_charges_history
            (fixed_charge_id uuid, properties jsonb, observed_at timestamptz);
        create table tidemill_history.lago_applied_coupons_history
            (applied_coupon_id uuid, observed_at timestamptz);
        create table tidemill_history.lago_customers_history
            (customer_id uuid, country text, observed_at timestamptz);
        """
    )
    load_history(connection, played)
    write_relations(connection, compute(*read_raw(connection, "public", "tidemill_history"), END))


def write_relations(connection: psycopg.Connection[object], result: Result) -> None:
    """Write the relations a right build would hold, every typed change on one tuple."""
    dimensions = ", ".join(f"{name} text" for name in DIMENSIONS)
    steps = ("new", "expansion", "contraction", "churn", "reactivation", "transfer", "fx")
    columns = ", ".join(f"{name}_mrr numeric default 0" for name in ("opening", *steps, "closing"))
    connection.execute(
        f"""
        create schema tidemill;
        create table tidemill.metric_mrr
            (grain text, period_start date, {dimensions}, mrr numeric);
        create table tidemill.metric_mrr_movements
            (customer_id text, movement_date date, movement_type text, {dimensions},
            amount numeric);
        create table tidemill.metric_mrr_waterfall
            (grain text, period_start date, {dimensions}, {columns});
        create table tidemill.metric_customers
            (grain text, period_start date, tenant_id text, dimension text, customers bigint);
        """
    )
    for day, level in result.days():
        for key, amount in level.items():
            insert(connection, "metric_mrr", "day", day, *key, amount)
    for movement in result.movements:
        remaining = movement.total
        for key, amount in movement.changes.items():
            row = (movement.customer_id, movement.day)
            if remaining:
                insert(connection, "metric_mrr_movements", *row, movement.type, *key, remaining)
                waterfall(connection, movement.day, key, movement.type, abs(remaining))
            if amount != remaining:
                moved = amount - remaining
                insert(connection, "metric_mrr_movements", *row, "transfer", *key, moved)
                waterfall(connection, movement.day, key, "transfer", moved)
            remaining -= remaining
    for (period, key), balance in result.waterfall("month").items():
        waterfall(connection, period, key, "opening", balance.opening)
        waterfall(connection, period, key, "closing", balance.closing)
    for day, counts in result.active_counts():
        for tenant_id, count in counts.items():
            insert(connection, "metric_customers", "day", day, tenant_id, "total", count)
            if day == result.last_day or (day + timedelta(days=1)).day == 1:
                month = PERIOD_START["month"](day)
                insert(connection, "metric_customers", "month", month, tenant_id, "total", count)


def insert(connection: psycopg.Connection[object], relation: str, *values: object) -> None:
    connection.execute(
        sql.SQL("insert into tidemill.{} values ({})").format(
            sql.Identifier(relation), sql.SQL(", ").join([sql.Placeholder()] * len(values))
        ),
        values,
    )


def waterfall(
    connection: psycopg.Connection[object], day: object, key: tuple[str, ...], step: str, n: object
) -> None:
    connection.execute(
        sql.SQL(
            "insert into tidemill.metric_mrr_waterfall (grain, period_start, {}, {})"
            " values ('month', date_trunc('month', %s::date), {}, %s)"
        ).format(
            sql.SQL(", ").join(map(sql.Identifier, DIMENSIONS)),
            sql.Identifier(f"{step}_mrr"),
            sql.SQL(", ").join([sql.Placeholder()] * len(DIMENSIONS)),
        ),
        (day, *key, n),
    )


def test_rows_read_from_the_database_give_what_the_rows_in_memory_give(
    connection: psycopg.Connection[object], played: Played
) -> None:
    # Only these two were stored.
    names = ("lago_plans_history", "lago_customers_history")
    history = {name: played.history[name] for name in names}
    in_memory = compute(played.rows, history, END)
    assert compute(*read_raw(connection, "public", "tidemill_history"), END) == in_memory
    assert {m.type for m in in_memory.movements} == {
        *("new", "expansion", "contraction", "churn", "reactivation", "transfer")
    }


def test_right_relations_have_no_differences(connection: psycopg.Connection[object]) -> None:
    assert differences(connection, END) == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            "update tidemill.metric_mrr set mrr = mrr + 0.001"
            " where period_start = '2024-02-03' and plan = 'basic'",
            "metric_mrr: day 2024-02-03",
        ),
        (
            "delete from tidemill.metric_mrr_movements where movement_type = 'churn'",
            "metric_mrr_movements, total",
        ),
        (
            "update tidemill.metric_mrr_movements set movement_type = 'new'"
            " where movement_type = 'reactivation'",
            "built ['new'], reference ['reactivation']",
        ),
        (
            "update tidemill.metric_mrr_movements set country = 'ZZ' where movement_type = 'new'",
            "metric_mrr_movements, change of a tuple",
        ),
        (
            "update tidemill.metric_mrr_waterfall set expansion_mrr = new_mrr, new_mrr = 0",
            "metric_mrr_waterfall",
        ),
        (
            "update tidemill.metric_customers set customers = customers + 1"
            " where grain = 'month' and period_start = '2024-03-01'",
            "metric_customers: month 2024-03-01",
        ),
    ],
)
def test_a_wrong_row_is_named(
    connection: psycopg.Connection[object], damage: str, said: str
) -> None:
    connection.execute(damage)
    found = differences(connection, END)
    assert any(said in difference for difference in found), found
