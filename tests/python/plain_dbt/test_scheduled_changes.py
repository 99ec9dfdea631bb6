"""A change that waits for its day is known beforehand, on the day on which Lago carries it out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest

from tidemill_cli.demo.lago.account import Subscription
from tidemill_cli.demo.lago.catalog import Plan
from tidemill_cli.demo.lago.engine import LagoEngine
from tidemill_cli.demo.lago.load import load
from tidemill_cli.demo.lago.pricing import BillingTime, Interval
from tidemill_cli.demo.lago.schema import create_schema

from .in_process import UNTESTED, InProcess

START = datetime(2024, 1, 1, tzinfo=UTC)
AS_OF = datetime(2024, 8, 30, 12, tzinfo=UTC)
CHANGED = AS_OF - timedelta(hours=1)
BILLING_TIMES: tuple[BillingTime, ...] = ("calendar", "anniversary")
INTERVALS: tuple[Interval, ...] = ("weekly", "monthly", "quarterly", "semiannual", "yearly")
ZONES = ("UTC", "America/Los_Angeles", "Pacific/Auckland")
SUBSCRIBED = (datetime(2024, 1, 31, 11, tzinfo=UTC), datetime(2024, 2, 29, 23, tzinfo=UTC))


def scripted(until: datetime) -> LagoEngine:
    """Changes of every interval, from every kind of day; one that ends first, one changed again."""
    lago = LagoEngine(seed=1, start=START)
    acme = lago.organization("Acme")
    free = lago.plan(acme, "free", 0)
    less = lago.plan(acme, "less", "50")

    def subscribe(
        plan: Plan, zone: str, at: datetime, billing_time: BillingTime, **more: datetime
    ) -> Subscription:
        customer = lago.customer(acme, START, timezone=zone)
        return lago.subscribe(customer, plan, at, billing_time=billing_time, **more)

    for interval, zone, at in product(INTERVALS, ZONES, SUBSCRIBED):
        plan = lago.plan(acme, f"{interval} {zone} {at}", "100", interval=interval)
        for billing_time in BILLING_TIMES:
            lago.change_plan(subscribe(plan, zone, at, billing_time), free, CHANGED)
        subscribe(plan, zone, CHANGED, "calendar", starts_at=AS_OF + timedelta(days=40, minutes=7))
    monthly = lago.plan(acme, "monthly", "100")
    ends = subscribe(monthly, "UTC", SUBSCRIBED[0], "calendar")
    lago.change_plan(ends, free, CHANGED)
    lago.schedule_end(ends, AS_OF + timedelta(hours=20), CHANGED + timedelta(minutes=10))
    changes = subscribe(monthly, "UTC", SUBSCRIBED[0], "calendar")
    lago.change_plan(changes, free, CHANGED)
    lago.change_plan(changes, less, CHANGED + timedelta(minutes=10))
    lago.run_until(until)
    return lago


def started(lago: LagoEngine) -> dict[str, datetime]:
    """When each row began to live, of those that did."""
    return {
        str(row["id"]): row["started_at"].replace(tzinfo=UTC)  # type: ignore[attr-defined]
        for row in lago.rows["subscriptions"]
        if row["started_at"] is not None
    }


@pytest.fixture(scope="module")
def connection(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> psycopg.Connection[Any]:
    project = InProcess(new_database(), tmp_path_factory.mktemp("scheduled"))
    connection = psycopg.connect(project.dsn, autocommit=True)
    create_schema(connection)
    load(connection, scripted(AS_OF).rows)
    project.build(*UNTESTED, variables={"tidemill_as_of": AS_OF.isoformat()})
    return connection


def test_every_pending_change_is_scheduled_for_the_day_it_happens(
    connection: psycopg.Connection[Any],
) -> None:
    scheduled = dict(
        connection.execute(
            "select id::text, min(valid_from) from tidemill_core.lago__subscription_intervals"
            " inner join subscriptions on source_row_id = id::text"
            " where subscriptions.status = 0 group by id"
        ).fetchall()
    )
    zones = dict(
        connection.execute("select segment_id::text, timezone from tidemill_core.int_lago__chains")
    )
    later = started(scripted(AS_OF + timedelta(days=400)))
    happened = {row: at for row, at in later.items() if at > AS_OF}
    assert len(happened) == len(INTERVALS) * len(ZONES) * len(SUBSCRIBED) * 3 + 1
    assert scheduled.keys() == happened.keys()
    for row, at in happened.items():
        zone = ZoneInfo(zones[row])
        assert scheduled[row].astimezone(zone).date() == at.astimezone(zone).date(), row


def test_a_row_ends_where_its_scheduled_successor_begins(
    connection: psycopg.Connection[Any],
) -> None:
    gaps = connection.execute(
        "select later.subscription_id from tidemill_core.lago__subscription_intervals as later"
        " inner join subscriptions on later.source_row_id = subscriptions.id::text"
        " left join tidemill_core.lago__subscription_intervals as earlier"
        " on later.item_id = earlier.item_id and earlier.valid_to = later.valid_from"
        " where later.valid_from > %s and subscriptions.previous_subscription_id is not null"
        " and earlier.item_id is null",
        [AS_OF],
    ).fetchall()
    assert gaps == []


def test_what_is_scheduled_does_not_count_today(connection: psycopg.Connection[Any]) -> None:
    (mrr,) = connection.execute(
        "select sum(mrr) from tidemill.metric_mrr where grain = 'day' and period_start = %s",
        [AS_OF.date()],
    ).fetchone() or (None,)
    plans = {"weekly": 52, "monthly": 12, "quarterly": 4, "semiannual": 2, "yearly": 1}
    per_month = sum(100 * count / 12 for count in plans.values())
    assert float(mrr or 0) == pytest.approx(per_month * len(ZONES) * len(SUBSCRIBED) * 2 + 200)


@pytest.mark.slow
def test_an_end_is_asked_for_when_it_was_first_seen_or_when_it_came(
    database: str, tmp_path: Path
) -> None:
    first_run, second_run, third_run = (AS_OF + timedelta(days=days) for days in (0, 3, 5))
    lago = LagoEngine(seed=1, start=START)
    acme = lago.organization("Acme")
    plan = lago.plan(acme, "monthly", "100")

    def subscribe(ends_in: int | None = None) -> Subscription:
        customer = lago.customer(acme, START)
        ending_at = None if ends_in is None else AS_OF + timedelta(days=ends_in)
        return lago.subscribe(customer, plan, SUBSCRIBED[0], ending_at=ending_at)

    planned, agreed, cut_short, ended = subscribe(), subscribe(60), subscribe(60), subscribe()
    project = InProcess(database, tmp_path)
    ids = {
        str(UUID(subscription.id)): name
        for subscription, name in (
            (planned, "planned"),
            (agreed, "agreed"),
            (cut_short, "cut short"),
            (ended, "ended"),
        )
    }

    def run(at: datetime) -> dict[str, datetime | None]:
        lago.run_until(at)
        with psycopg.connect(database) as connection:
            connection.execute("drop schema public cascade")
            connection.execute("create schema public")
            create_schema(connection)
            load(connection, lago.rows)
        project.build(
            *UNTESTED,
            *("--select", "+lago__subscription_intervals"),
            variables={"tidemill_as_of": at.isoformat()},
            TIDEMILL_STARTED_AT=at.isoformat(),
        )
        with psycopg.connect(database) as connection:
            found = connection.execute(
                "select source_row_id, max(cancel_requested_at)"
                " from tidemill_core.lago__subscription_intervals group by 1"
            ).fetchall()
        return {ids[row_id]: requested_at for row_id, requested_at in found}

    assert run(first_run) == dict.fromkeys(ids.values())
    lago.schedule_end(planned, third_run + timedelta(days=30), first_run + timedelta(days=1))
    assert run(second_run) == {**dict.fromkeys(ids.values()), "planned": second_run}
    end = second_run + timedelta(days=1)
    lago.terminate(cut_short, end)
    lago.terminate(ended, end)
    assert run(third_run) == {
        "planned": second_run,
        "agreed": None,
        "cut short": end,
        "ended": end,
    }
