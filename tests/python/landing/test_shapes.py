"""What becomes of both shapes of a payload, of references, of long lists and of large numbers."""

from __future__ import annotations

import json

import pytest

from .engines import Landing, payload
from .objects import (
    Object,
    at,
    coupon,
    customer,
    event,
    item,
    new_invoice,
    new_subscription,
    old_invoice,
    old_line,
    old_subscription,
    price,
    product,
)

PERIOD = (at("2025-01-15"), at("2025-02-15"))


def subscribed(subject: Object) -> Object:
    return event("customer.subscription.created", "2025-01-15", subject)


def paid(subject: Object) -> Object:
    return event("invoice.paid", "2025-01-15", subject)


def test_an_old_subscription_fills_the_columns(landing: Landing) -> None:
    landing.accept(subscribed(old_subscription()))
    row = landing.row("subscriptions", "sub_1")
    assert (row["current_period_start"], row["current_period_end"]) == PERIOD
    assert row["discount"]["coupon"]["percent_off"] == 25


def test_a_new_subscription_has_its_period_and_discounts_elsewhere(
    classic: Landing, v1: Landing
) -> None:
    for landing in (classic, v1):
        landing.accept(subscribed(new_subscription()))
        row = landing.row("subscriptions", "sub_1")
        assert (row["current_period_start"], row["current_period_end"]) == (None, None)
        assert row["discount"] is None
        (found,) = row["items"]["data"]
        assert (found["current_period_start"], found["current_period_end"]) == PERIOD
    # What classic has no column for is gone.
    assert "discounts" not in classic.row("subscriptions", "sub_1")
    assert payload(v1.row("subscriptions", "sub_1"))["discounts"] == ["di_1"]
    period = ("current_period_start", "current_period_end")
    assert classic.values("subscription_items", "si_1", *period) == PERIOD


def test_classic_keeps_the_plan_as_text_and_the_trial_as_json(classic: Landing) -> None:
    start, end = PERIOD
    classic.accept(
        subscribed(old_subscription(status="trialing", trial_start=start, trial_end=end))
    )
    row = classic.row("subscriptions", "sub_1")
    assert isinstance(row["plan"], str)
    assert json.loads(row["plan"])["id"] == "price_1"
    assert (row["trial_start"], row["trial_end"]) == PERIOD
    classic.accept(subscribed(new_subscription(id="sub_2")))
    assert classic.values("subscriptions", "sub_2", "plan", "trial_start") == (None, None)


def test_an_old_invoice_names_its_subscription(landing: Landing) -> None:
    landing.accept(paid(old_invoice()))
    assert landing.values("invoices", "in_1", "subscription", "paid", "charge", "total") == (
        "sub_1",
        True,
        "ch_1",
        4500,
    )


def test_a_new_invoice_names_its_subscription_inside(classic: Landing, v1: Landing) -> None:
    for landing in (classic, v1):
        landing.accept(paid(new_invoice()))
        columns = ("subscription", "paid", "tax", "charge", "payment_intent")
        assert landing.values("invoices", "in_1", *columns) == (None,) * 5
        (line,) = landing.row("invoices", "in_1")["lines"]["data"]
        assert line["parent"]["subscription_item_details"]["subscription"] == "sub_1"
    assert "parent" not in classic.row("invoices", "in_1")
    parent = payload(v1.row("invoices", "in_1"))["parent"]
    assert parent["subscription_details"]["subscription"] == "sub_1"


def test_both_shapes_stand_in_one_table(landing: Landing) -> None:
    landing.accept(paid(old_invoice()), paid(new_invoice(id="in_2")))
    assert landing.values("invoices", "in_1", "subscription") == ("sub_1",)
    assert landing.values("invoices", "in_2", "subscription") == (None,)


def test_classic_keeps_an_expanded_reference_as_text(classic: Landing, v1: Landing) -> None:
    for landing in (classic, v1):
        landing.accept(
            subscribed(old_subscription(customer=customer(), latest_invoice=old_invoice())),
            paid(old_invoice(customer=customer(), subscription=old_subscription())),
            event("price.created", "2025-01-01", price(product=product())),
        )
    for table, row, columns in (
        ("subscriptions", "sub_1", ("customer", "latest_invoice")),
        ("invoices", "in_1", ("customer", "subscription")),
        ("prices", "price_1", ("product",)),
    ):
        texts = classic.values(table, row, *columns)
        found = v1.values(table, row, *columns)
        # v1's columns unwrap it; the payload does not.
        assert [json.loads(text)["id"] for text in texts] == list(found)
        assert [payload(v1.row(table, row))[column]["id"] for column in columns] == list(found)


def test_the_price_of_an_item_is_an_id_and_in_v1_one_in_quotes(
    classic: Landing, v1: Landing
) -> None:
    for landing in (classic, v1):
        landing.accept(subscribed(old_subscription()))
        assert landing.values("subscription_items", "si_1", "price") == ("price_1",)
    with v1.connect() as conn:
        kind = "select jsonb_typeof(price), price::text from stripe.subscription_items"
        assert conn.execute(kind).fetchall() == [("string", '"price_1"')]


def test_lines_beyond_the_tenth_are_missing_and_the_row_says_so(landing: Landing) -> None:
    first = [old_line(f"il_{number}") for number in range(10)]
    landing.accept(paid(old_invoice(*first, has_more=True)))
    lines = landing.row("invoices", "in_1")["lines"]
    assert (len(lines["data"]), lines["has_more"]) == (10, True)


def test_items_beyond_the_tenth_are_missing_and_the_row_says_so(landing: Landing) -> None:
    first = [item(f"si_{number}") for number in range(10)]
    subject = old_subscription(*first)
    subject["items"]["has_more"] = True
    landing.accept(subscribed(subject))
    assert landing.row("subscriptions", "sub_1")["items"]["has_more"] is True
    assert len(landing.rows("subscription_items")) == 10


@pytest.mark.parametrize(
    ("table", "webhook"),
    [
        ("invoices", paid(old_invoice(subtotal=3_000_000_000))),
        (
            "prices",
            event(
                "price.created",
                "2025-01-01",
                price(unit_amount=3_000_000_000, unit_amount_decimal="3000000000"),
            ),
        ),
    ],
)
def test_classic_refuses_rows_with_large_amounts(
    classic: Landing, v1: Landing, table: str, webhook: Object
) -> None:
    (refusal,) = classic.receive(webhook)
    assert "out of range for type integer" in str(refusal)
    assert classic.rows(table) == {}
    v1.accept(webhook)
    assert len(v1.rows(table)) == 1


def test_a_tiered_price_has_neither_amount_nor_tiers(landing: Landing) -> None:
    tiered = price(
        billing_scheme="tiered", tiers_mode="graduated", unit_amount=None, unit_amount_decimal=None
    )
    landing.accept(event("price.created", "2025-01-01", tiered))
    columns = ("billing_scheme", "tiers_mode", "unit_amount", "unit_amount_decimal")
    assert landing.values("prices", "price_1", *columns) == ("tiered", "graduated", None, None)
    assert landing.row("prices", "price_1").get("tiers") is None


def test_v1_lands_several_accounts_side_by_side(v1: Landing) -> None:
    v1.accept(subscribed(old_subscription()), account="acct_one")
    v1.accept(subscribed(old_subscription(id="sub_2")), account="acct_two")
    assert v1.values("subscriptions", "sub_1", "_account_id") == ("acct_one",)
    assert v1.values("subscriptions", "sub_2", "_account_id") == ("acct_two",)
    assert set(v1.rows("accounts")) == {"acct_one", "acct_two"}


def test_accounts_of_v1_take_rows_with_the_same_id_from_each_other(v1: Landing) -> None:
    # Ids of coupons, products and plans can be chosen.
    v1.accept(event("coupon.created", "2025-01-01", coupon()), account="acct_one")
    v1.accept(event("coupon.created", "2025-02-01", coupon(percent_off=50)), account="acct_two")
    owner, percent = v1.values("coupons", "QUARTER", "_account_id", "percent_off")
    assert (owner, percent) == ("acct_two", 50)
