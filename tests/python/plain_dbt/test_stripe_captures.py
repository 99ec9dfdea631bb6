"""What Stripe changes in place is known from the first run on, because each run captures it.

The landing is what it was at three instants, and a real run looks at each. Nothing is prorated, so
no invoice tells of a change.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from generator.stripe.scripts import at
from tidemill_cli.demo.stripe.engine import StripeEngine
from tidemill_cli.demo.stripe.load import load
from tidemill_cli.demo.stripe.model import Subscription
from tidemill_cli.demo.stripe.render import Shape
from tidemill_cli.demo.stripe.schema import Generation, create_schema

from .in_process import UNTESTED, InProcess

START = at("2024-01-01")
SUBSCRIBED = at("2024-06-01")
# Of who does not pay: the renewal, an hour after it, and the last of the retries.
DUE_SINCE, DECLINED, UNPAID = at("2024-03-20"), at("2025-03-20T01:00"), at("2025-04-04T01:00")
FIRST_RUN, SECOND_RUN, LAST_RUN = at("2025-04-20"), at("2025-05-10"), at("2025-05-30")
CHANGED, CHANGED_AGAIN = at("2025-04-25T10:20:30"), at("2025-05-15T08:00:01")

Told = tuple[datetime, datetime | None, str, int, Decimal, Decimal]


class Script:
    """A Stripe with one customer per kind of change."""

    def __init__(self, seed: int, shape: Shape) -> None:
        self.stripe = StripeEngine(seed, START, shape)
        self.acme = self.stripe.account("Acme")
        product = self.stripe.product(self.acme, "Seats")
        amounts = {"small": "99.99", "basic": "120", "large": "180.50"}
        self.prices = {
            name: self.stripe.price(product, amount, interval="year", lookup_key=name)
            for name, amount in amounts.items()
        }
        self.eighth_off = self.stripe.coupon(self.acme, "eighth off", percent_off="12.5")
        self.tenth_off = self.stripe.coupon(self.acme, "tenth off", percent_off=10)
        self.held = {
            "nothing": self.subscribe("basic"),
            "quantity": self.subscribe("small", quantity=3),
            "price": self.subscribe("basic", quantity=2),
            "discount": self.subscribe("small", coupons=[self.eighth_off]),
            "payment": self.subscribe("basic", at=DUE_SINCE, after_retries="unpaid"),
        }
        self.stripe.fail_payments(self.held["payment"].customer, at("2025-03-01"))

    def subscribe(self, price: str, at: datetime = SUBSCRIBED, **more: Any) -> Subscription:  # noqa: ANN401
        customer = self.stripe.customer(self.acme, START)
        return self.stripe.subscribe(customer, self.prices[price], at, **more)

    def change(self) -> None:
        silently: Any = {"proration_behavior": "none"}
        discounted = self.held["discount"]
        self.stripe.set_quantity(self.held["quantity"], 5, CHANGED, **silently)
        self.stripe.change_price(self.held["price"], self.prices["large"], CHANGED, **silently)
        self.stripe.remove_discount(discounted.customer, discounted.discounts[0], CHANGED)
        self.stripe.pay(self.stripe.last_invoice(self.held["payment"].customer), CHANGED)

    def change_again(self) -> None:
        silently: Any = {"proration_behavior": "none"}
        again = CHANGED_AGAIN
        self.stripe.set_quantity(self.held["quantity"], 4, again, **silently)
        self.stripe.change_price(self.held["price"], self.prices["small"], again, **silently)
        self.stripe.apply_coupon(self.held["discount"], self.tenth_off, again)


def money(text: str) -> Decimal:
    return Decimal(text)


HAPPENED: dict[str, list[Told]] = {
    "nothing": [(SUBSCRIBED, None, "active", 1, money("120"), money("0"))],
    "quantity": [
        (SUBSCRIBED, CHANGED, "active", 3, money("299.97"), money("0")),
        (CHANGED, CHANGED_AGAIN, "active", 5, money("499.95"), money("0")),
        (CHANGED_AGAIN, None, "active", 4, money("399.96"), money("0")),
    ],
    "price": [
        (SUBSCRIBED, CHANGED, "active", 2, money("240"), money("0")),
        (CHANGED, CHANGED_AGAIN, "active", 2, money("361"), money("0")),
        (CHANGED_AGAIN, None, "active", 2, money("199.98"), money("0")),
    ],
    "discount": [
        # An eighth of 99.99, and a tenth.
        (SUBSCRIBED, CHANGED, "active", 1, money("99.99"), money("12.50")),
        (CHANGED, CHANGED_AGAIN, "active", 1, money("99.99"), money("0")),
        (CHANGED_AGAIN, None, "active", 1, money("99.99"), money("10.00")),
    ],
    "payment": [
        (DUE_SINCE, DECLINED, "active", 1, money("120"), money("0")),
        (DECLINED, UNPAID, "past_due", 1, money("120"), money("0")),
        # For three weeks there is none.
        (CHANGED, None, "active", 1, money("120"), money("0")),
    ],
}


# Newer payloads name no coupon: what a discount takes is known once an invoice bears it.
KNOWN_LATER = [HAPPENED["discount"][0], (CHANGED, None, *HAPPENED["discount"][1][2:])]


def run(
    dsn: str, folder: Path, scripts: list[Script], generation: Generation, at: datetime
) -> None:
    """Land what Stripe says at an instant, and run; as if the run had been then."""
    with psycopg.connect(dsn) as connection:
        for script in scripts:
            script.stripe.run_until(at)
            load(connection, script.stripe.objects(), generation=generation, replace=True)
    InProcess(dsn, folder).build(
        *(*UNTESTED, "--select", "+stripe__subscription_intervals"),
        variables={
            "tidemill_as_of": at.isoformat(),
            "tidemill_billing_sources": ["stripe"],
        },
    )
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "update tidemill_history.stripe_subscriptions_history set observed_at = %s"
            " where observed_at > %s",
            (at, LAST_RUN),
        )


def intervals(dsn: str, subscription: Subscription) -> list[Told]:
    """What is told of a subscription, without regard to who tells it."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "select valid_from, valid_to, status, quantity, amount, round(once_discount"
            " + repeating_discount + forever_discount, 2)"
            " from tidemill_core.stripe__subscription_intervals"
            " where subscription_id = %s order by valid_from",
            (subscription.id,),
        ).fetchall()
    merged: list[Told] = []
    for since, until, *facts in rows:
        begins = merged.pop()[0] if merged and merged[-1][1:] == (since, *facts) else since
        merged.append((begins, until, *facts))
    return merged


@pytest.mark.slow
@pytest.mark.parametrize("generation", ["v1", "v2"])
def test_captures_tell_what_changed_between_runs_to_the_cent(
    database: str, tmp_path: Path, generation: Generation
) -> None:
    old, new = scripts = [Script(1, "acacia"), Script(2, "clover")]
    with psycopg.connect(database) as connection:
        create_schema(connection, generation=generation)

    run(database, tmp_path, scripts, generation, FIRST_RUN)
    for script in scripts:
        script.change()
    run(database, tmp_path, scripts, generation, SECOND_RUN)
    for script in scripts:
        script.change_again()
    run(database, tmp_path, scripts, generation, LAST_RUN)

    assert {kind: intervals(database, held) for kind, held in old.held.items()} == HAPPENED
    assert {kind: intervals(database, held) for kind, held in new.held.items()} == {
        **HAPPENED,
        "discount": KNOWN_LATER,
    }
