"""Webhooks in order, twice, late, and within one second."""

from __future__ import annotations

from .engines import Landing, payload
from .objects import (
    Object,
    at,
    customer,
    event,
    item,
    old_invoice,
    old_subscription,
    price,
    product,
)

UPDATED = "customer.subscription.updated"


def created(**fields: object) -> Object:
    return event("customer.subscription.created", "2025-01-15", old_subscription(**fields))


def quantity(when: str, units: int) -> Object:
    subject = old_subscription(item(quantity=units))
    return event(UPDATED, when, subject, items={"data": [item(quantity=3)]})


def swapped(when: str) -> Object:
    """The item is replaced by another."""
    return event(UPDATED, when, old_subscription(item("si_2", created=at(when), quantity=5)))


def canceled(when: str) -> Object:
    subject = old_subscription(
        item("si_2", quantity=5), status="canceled", canceled_at=at(when), ended_at=at(when)
    )
    return event("customer.subscription.deleted", when, subject)


def units(landing: Landing) -> list[tuple[str, int]]:
    """Items and quantities as the subscription's own row has them."""
    items = landing.row("subscriptions", "sub_1")["items"]["data"]
    return [(found["id"], found["quantity"]) for found in items]


def item_rows(landing: Landing) -> dict[str, tuple[int, bool]]:
    """Items as the table beside has them: quantity, and whether it says deleted."""
    return {
        key: (row["quantity"], row["deleted"])
        for key, row in landing.rows("subscription_items").items()
    }


def status(landing: Landing) -> str:
    return str(landing.row("subscriptions", "sub_1")["status"])


def test_in_order_the_last_state_stays_and_no_other(landing: Landing) -> None:
    landing.accept(
        event("product.created", "2025-01-01", product()),
        event("price.created", "2025-01-01", price()),
        event("customer.created", "2025-01-01", customer()),
        created(),
        event("invoice.paid", "2025-01-15", old_invoice()),
        quantity("2025-02-01", 5),
        swapped("2025-03-01"),
        canceled("2025-07-15"),
    )
    assert landing.values("subscriptions", "sub_1", "status", "canceled_at", "ended_at") == (
        "canceled",
        at("2025-07-15"),
        at("2025-07-15"),
    )
    assert units(landing) == [("si_2", 5)]
    assert item_rows(landing) == {"si_1": (5, True), "si_2": (5, False)}
    # The 3 is known to the invoice alone.
    assert [line["quantity"] for line in landing.row("invoices", "in_1")["lines"]["data"]] == [3]
    assert landing.values("products", "prod_1", "name") == ("Team",)
    assert landing.values("prices", "price_1", "unit_amount") == (2000,)
    assert landing.values("customers", "cus_1", "name") == ("Acme",)


def test_a_row_says_when_its_event_was_created(classic: Landing, v1: Landing) -> None:
    for landing, column in ((classic, "last_synced_at"), (v1, "_last_synced_at")):
        landing.accept(created(), quantity("2025-02-01T10:20:30", 5))
        (synced,) = landing.values("subscriptions", "sub_1", column)
        assert synced.timestamp() == at("2025-02-01T10:20:30")


def test_a_webhook_delivered_twice_changes_nothing(landing: Landing) -> None:
    events = [created(), quantity("2025-02-01", 5), swapped("2025-03-01")]
    landing.accept(*events)
    before = landing.rows("subscriptions"), landing.rows("subscription_items")
    landing.accept(events[-1])
    assert (landing.rows("subscriptions"), landing.rows("subscription_items")) == before


def test_a_late_webhook_leaves_the_subscription_and_spoils_its_items(landing: Landing) -> None:
    landing.accept(swapped("2025-03-01"), canceled("2025-07-15"))
    assert item_rows(landing) == {"si_2": (5, False)}
    landing.accept(created())
    assert (status(landing), units(landing)) == ("canceled", [("si_2", 5)])
    # The old item comes up as if it were there, the one that is there as if it were gone.
    assert item_rows(landing) == {"si_1": (3, False), "si_2": (5, True)}


def test_the_second_change_of_a_second_is_lost(landing: Landing) -> None:
    landing.accept(
        event("customer.subscription.created", "2025-01-15", old_subscription(status="incomplete")),
        event(UPDATED, "2025-01-15", old_subscription(), status="incomplete"),
    )
    assert status(landing) == "incomplete"
    landing.accept(quantity("2025-02-01", 4), quantity("2025-02-01", 5))
    assert (status(landing), units(landing)) == ("active", [("si_1", 4)])


def test_an_item_replaced_within_a_second_is_wrong_in_both_places(landing: Landing) -> None:
    landing.accept(created(), quantity("2025-03-01", 4), swapped("2025-03-01"))
    assert units(landing) == [("si_1", 4)]
    assert item_rows(landing) == {"si_1": (4, True), "si_2": (5, False)}


def test_a_backfill_closes_the_row_to_older_webhooks(landing: Landing) -> None:
    landing.backfill(product(), price(), customer(), old_subscription(item(quantity=7)))
    landing.accept(
        quantity("2025-02-01", 5), event("product.updated", "2025-02-01", product(name="X"))
    )
    assert units(landing) == [("si_1", 7)]
    assert landing.values("products", "prod_1", "name") == ("Team",)


def test_only_v1_keeps_what_it_has_no_column_for(classic: Landing, v1: Landing) -> None:
    for landing in (classic, v1):
        landing.accept(created(cancellation_details={"reason": "payment_failed"}))
        assert "cancellation_details" not in landing.row("subscriptions", "sub_1")
    kept = payload(v1.row("subscriptions", "sub_1"))
    assert kept["cancellation_details"] == {"reason": "payment_failed"}
    assert kept["currency"] == "eur"
