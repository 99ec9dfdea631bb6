"""The simulator loads what the engines would have landed, had they received its webhooks."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from tidemill_cli.demo.stripe.engine import Buy, StripeEngine
from tidemill_cli.demo.stripe.load import load
from tidemill_cli.demo.stripe.render import Shape
from tidemill_cli.demo.stripe.schema import columns_of, create_schema

from .conftest import NewLanding
from .engines import GENERATIONS, Landing, Object

Rows = dict[str, dict[str, Any]]

SHAPES = ["acacia", "clover", "turning"]
COUPONS = {"coupon.created", "coupon.deleted"}
# Says when the row was written, which is now.
WRITTEN = ("updated_at", "_updated_at")
# What an object says of another that it holds is of the time of its own last event; the simulator
# says it as of the end. Nothing reads these.
EMBEDDED = ("active", "valid")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def scripted(shape: Shape = "acacia", clover_from: datetime | None = None) -> StripeEngine:
    """Every kind of event, on few customers."""
    stripe = StripeEngine(seed=4, start=at("2025-01-01"), shape=shape, clover_from=clover_from)
    acme = stripe.account("Acme", currency="EUR")
    team = stripe.product(acme, "Team")
    monthly = stripe.price(team, "20", lookup_key="team_monthly")
    yearly = stripe.price(team, "200", interval="year")
    seats = stripe.price(stripe.product(acme, "Seats"), "5.125")
    calls = stripe.price(stripe.product(acme, "Calls"), "0.01", metered=True)
    retired = stripe.product(acme, "Retired")
    old = stripe.price(retired, "9")
    quarter = stripe.coupon(acme, "Quarter", percent_off=25)
    once = stripe.coupon(acme, "Once", amount_off="3", duration="once")
    gone = stripe.coupon(acme, "Gone", percent_off="12.5", duration="repeating", months=2)

    changing = stripe.customer(acme, at("2025-01-10"), country="DE", tax_rate=19)
    subscription = stripe.subscribe(
        changing, monthly, at("2025-01-15"), quantity=3, trial_days=14, coupons=[quarter]
    )
    stripe.set_quantity(subscription, 5, at("2025-02-10T10:00"))
    added = stripe.add_item(subscription, seats, at("2025-02-20"), quantity=2)
    stripe.remove_item(added, at("2025-03-05"))
    stripe.change_price(subscription, yearly, at("2025-03-10"), new_item=True)
    stripe.change_country(changing, "FR", at("2025-03-12"))
    stripe.cancel_at_period_end(subscription, at("2025-04-01"))
    stripe.uncancel(subscription, at("2025-04-02"))

    failing = stripe.customer(acme, at("2025-01-10"))
    several = stripe.subscribe(
        failing, [Buy(monthly, 2), Buy(seats, 3, (once,)), Buy(calls)], at("2025-01-20")
    )
    stripe.use(several.items[2], 700, at("2025-02-01"))
    stripe.fail_payments(failing, at("2025-02-15"))
    stripe.apply_coupon(failing, gone, at("2025-04-25"))

    leaving = stripe.customer(acme, at("2025-01-10"))
    stripe.cancel(stripe.subscribe(leaving, old, at("2025-01-12")), at("2025-02-20"))
    stripe.invoice_item(leaving, "30", "Training", at("2025-02-21"))
    training = stripe.bill(leaving, at("2025-02-22"))
    stripe.refund(training, at("2025-02-25"), percent=50)
    stripe.delete_customer(leaving, at("2025-03-20"))

    planning = stripe.customer(acme, at("2025-01-10"))
    planned = stripe.subscribe(planning, monthly, at("2025-01-20"), days_until_due=14)
    stripe.schedule_change(planned, seats, at("2025-06-20"), at("2025-02-03"), quantity=9)
    stripe.credit_note(stripe.last_invoice(planning), at("2025-02-21T12:00"), percent=10)
    stripe.pause_collection(planned, at("2025-03-01"))
    stripe.credit_note(stripe.last_invoice(changing), at("2025-04-03"), refund=False)

    once_only = stripe.customer(acme, at("2025-01-10"))
    stripe.invoice_item(once_only, "45", "Setup", at("2025-02-14"))
    stripe.bill(once_only, at("2025-02-15"))

    stripe.delete_coupon(gone, at("2025-05-01"))
    stripe.delete_product(retired, at("2025-05-01"))
    stripe.run_until(at("2025-05-05"))
    return stripe


def last_of_each_second(events: Sequence[Object]) -> list[Object]:
    return list(reversed(first_of_each_second(events[::-1])))


def first_of_each_second(events: Sequence[Object]) -> list[Object]:
    """Of the events of one object within one second, the first."""
    seen: dict[tuple[str, str, int], Object] = {}
    for event in events:
        subject = event["data"]["object"]
        seen.setdefault((subject["object"], subject["id"], event["created"]), event)
    return list(seen.values())


def rows(landing: Landing) -> dict[str, Rows]:
    """What the landing holds, by table and id."""
    tables = set(columns_of(landing.generation)) - {"accounts"}
    return {
        table: {key: as_kept(row) for key, row in landing.rows(table).items()} for table in tables
    }


def as_kept(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        column: without(json.loads(value) if column == "plan" and value else value, EMBEDDED)
        for column, value in row.items()
        if column not in WRITTEN
    }


def without(value: object, keys: Collection[str]) -> object:
    """The value without what the objects inside it say under some keys."""
    if isinstance(value, list):
        return [without(each, keys) for each in value]
    if isinstance(value, dict):
        return {key: without(each, keys) for key, each in value.items() if key not in keys}
    return value


@pytest.fixture(params=SHAPES)
def stripe(request: pytest.FixtureRequest) -> StripeEngine:
    if request.param == "turning":
        return scripted(clover_from=at("2025-03-08"))
    return scripted(request.param)


def test_the_simulator_loads_what_the_engines_land(
    stripe: StripeEngine, landing: Landing, database: str
) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn, generation=landing.generation)
        load(conn, stripe.objects(), generation=landing.generation)
    simulated = rows(replace(landing, dsn=database))

    # Of a second the engines keep the first event, and the simulator loads what was true after it.
    events = last_of_each_second(stripe.events())
    refused = receive(landing, stripe, events)

    landed = rows(landing)
    for table in simulated:
        assert landed[table] == simulated[table], table
    assert refused == (COUPONS if landing.generation == "classic" else set())
    empty = {table for table, found in landed.items() if not found}
    assert empty <= {"coupons", "invoice_payments"}


def test_of_a_second_the_engines_keep_the_first_event(
    stripe: StripeEngine, new_landing: NewLanding
) -> None:
    events = stripe.events()
    firsts = first_of_each_second(events)
    assert len(firsts) < len(events)
    for generation in GENERATIONS:
        whole, thinned = new_landing(generation), new_landing(generation)
        receive(whole, stripe, events)
        receive(thinned, stripe, firsts)
        found, expected = rows(whole), rows(thinned)
        # Items are marked as deleted whatever the time.
        for table in set(found) - {"subscription_items"}:
            assert found[table] == expected[table], table
        # So an invoice that is paid as soon as it is made stays a draft.
        statuses = {row["status"] for row in found["invoices"].values()}
        assert "draft" in statuses
        assert {doc["status"] for doc in stripe.objects()["invoices"]} != statuses


def receive(landing: Landing, stripe: StripeEngine, events: Sequence[Object]) -> set[str]:
    """Hand over events; returns which kinds were refused."""
    (account,) = stripe.accounts
    refusals = landing.receive(*events, account=account.id)
    return {event["type"] for event, refusal in zip(events, refusals, strict=True) if refusal}
