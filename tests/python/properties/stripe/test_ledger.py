"""Random histories of Stripe: ledger and metrics, as the reference makes them of the truth.

Customers, trials and invoice lines are taken as they were built: they have tests of their own.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
from hypothesis import given, settings
from psycopg import sql
from psycopg.rows import dict_row

from reference.metrics.compare import differences
from reference.surface.books import compute
from surface.compare import ledger_differences

from .actions import (
    Action,
    AddItem,
    ChangePrice,
    GiveCoupon,
    PlanItems,
    PlanStart,
    Subscribe,
)
from .build import Row, StripeBuild
from .histories import Example, examples
from .play import END
from .test_truth import played, truth
from .unknown import deleted

BUILT = ("customers", "trials", "invoice_lines")
# Examples at most: each fills every relation there is.
MOST = 100


# Invoices round the tax that is in a price, and not every quantity or currency is billed.
UNSURE = {"gross": "pro", "steps": "seat", "bulk": "seat", "world": "floor"}


def without_coupons(example: Example) -> Example:
    """Leave coupons out, and prices that not every invoice tells.

    Invoices round what coupons take, and some name no coupon.

    What is planned for the time after the end is no part of the truth.
    """
    history = [
        with_sure_prices(replace(action, coupons=()) if isinstance(action, Subscribe) else action)
        for action in example.history
        if not isinstance(action, GiveCoupon)
        and not (
            isinstance(action, PlanItems | PlanStart)
            and action.at + action.starts_in > END - timedelta(days=1)
        )
    ]
    return replace(example, history=history)


def with_sure_prices(action: Action) -> Action:
    """Let others take the place of prices that not every invoice tells."""
    if isinstance(action, Subscribe | PlanItems | PlanStart):
        items = {UNSURE.get(code, code): quantity for code, quantity in action.items}
        return replace(action, items=tuple(items.items()))
    if isinstance(action, ChangePrice | AddItem):
        return replace(action, price=UNSURE.get(action.price, action.price))
    return action


@settings(max_examples=min(settings.default.max_examples, MOST))
@given(example=examples().map(without_coupons))
def test_the_ledger_and_the_metrics_are_those_of_the_truth(
    build: StripeBuild, example: Example
) -> None:
    happened, build = played(example), build.over(example.generation)
    with build.of(happened, events=True) as connection:
        surface = {name: _built(connection, name) for name in BUILT}
        # The classic engine does not say whose rows they are.
        account = happened.objects["accounts"][0]["id"]
        tenant = "default" if build.generation == "classic" else account
        gone = deleted(happened, build.generation)
        surface["subscription_intervals"] = [
            {**row, "tenant_id": tenant}
            | ({"country": "unknown"} if row["customer_id"] in gone else {})
            for row in truth(happened)
        ]
        books = compute(surface, {}, END)
        found = [
            *(text for text in ledger_differences(connection, books) if text[:5] != "issue"),
            *differences(connection, "tidemill", books),
        ]
    assert not found, "\n".join(found[:20])


def _built(connection: psycopg.Connection[Any], name: str) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        query = sql.SQL("select * from {}").format(
            sql.Identifier("tidemill_core", f"stripe__{name}")
        )
        return cursor.execute(query).fetchall()
