"""What stays of what was deleted, and which events are not taken."""

from __future__ import annotations

import pytest

from .engines import Landing, payload
from .objects import Object, coupon, customer, event, new_invoice, old_invoice, plan, price, product

HARD = [
    ("products", "product", product()),
    ("prices", "price", price()),
    ("plans", "plan", plan()),
]


def test_a_deleted_customer_keeps_what_was_known(landing: Landing) -> None:
    landing.accept(
        event("customer.created", "2025-01-01", customer()),
        event("customer.deleted", "2025-06-01", customer()),
    )
    known = landing.values("customers", "cus_1", "deleted", "name", "email", "created")
    assert known == (True, "Acme", "acme@example.com", customer()["created"])


def test_a_customer_deleted_within_the_second_of_a_change_stays(landing: Landing) -> None:
    landing.accept(
        event("customer.created", "2025-06-01", customer()),
        event("customer.deleted", "2025-06-01", customer()),
    )
    (deleted,) = landing.values("customers", "cus_1", "deleted")
    assert deleted is not True


@pytest.mark.parametrize(("table", "kind", "subject"), HARD)
def test_products_prices_and_plans_vanish(
    landing: Landing, table: str, kind: str, subject: Object
) -> None:
    landing.accept(event(f"{kind}.created", "2025-01-01", subject))
    assert set(landing.rows(table)) == {subject["id"]}
    landing.accept(event(f"{kind}.deleted", "2025-06-01", subject))
    assert landing.rows(table) == {}


@pytest.mark.parametrize(("table", "kind", "subject"), HARD)
def test_a_late_update_brings_back_what_had_vanished(
    landing: Landing, table: str, kind: str, subject: Object
) -> None:
    landing.accept(
        event(f"{kind}.created", "2025-01-01", subject),
        event(f"{kind}.deleted", "2025-06-01", subject),
        event(f"{kind}.updated", "2025-03-01", subject),
    )
    assert set(landing.rows(table)) == {subject["id"]}


def test_a_deleted_draft_stays_a_draft_in_classic_only(classic: Landing, v1: Landing) -> None:
    draft = old_invoice(status="draft", paid=False)
    for landing in (classic, v1):
        landing.accept(
            event("invoice.created", "2025-01-15", draft),
            event("invoice.deleted", "2025-01-16", draft),
        )
    assert classic.values("invoices", "in_1", "status") == ("draft",)
    assert v1.rows("invoices") == {}


def test_an_upcoming_invoice_is_never_landed(classic: Landing, v1: Landing) -> None:
    upcoming = new_invoice(status="draft")
    del upcoming["id"]
    webhook = event("invoice.upcoming", "2025-02-08", upcoming)
    (refusal,) = classic.receive(webhook)
    assert 'null value in column "id"' in str(refusal)
    v1.accept(webhook)
    for landing in (classic, v1):
        assert landing.rows("invoices") == {}


def test_coupons_land_in_v1_and_are_refused_by_classic(classic: Landing, v1: Landing) -> None:
    events = [
        event("coupon.created", "2025-01-01", coupon()),
        event("coupon.updated", "2025-02-01", coupon(name="Renamed")),
    ]
    assert classic.receive(*events) == ["Unhandled webhook event"] * 2
    assert classic.rows("coupons") == {}
    v1.accept(*events)
    name, percent = v1.values("coupons", "QUARTER", "name", "percent_off")
    assert (name, percent) == ("Renamed", 25)
    v1.accept(event("coupon.deleted", "2025-03-01", coupon()))
    assert v1.rows("coupons") == {}


@pytest.mark.parametrize("kind", ["customer.discount.created", "customer.discount.deleted"])
def test_events_of_discounts_change_nothing(classic: Landing, v1: Landing, kind: str) -> None:
    discount = {"id": "di_1", "object": "discount", "customer": "cus_1", "coupon": coupon()}
    webhook = event(kind, "2025-02-01", discount)
    assert classic.receive(webhook) == ["Unhandled webhook event"]
    v1.accept(webhook)
    assert v1.rows("coupons") == {}


def test_a_deleted_customers_payload_is_the_one_of_the_event(v1: Landing) -> None:
    v1.accept(
        event("customer.created", "2025-01-01", customer()),
        event("customer.deleted", "2025-06-01", customer(name="Acme Ltd")),
    )
    assert payload(v1.row("customers", "cus_1")) == {**customer(name="Acme Ltd"), "deleted": True}
