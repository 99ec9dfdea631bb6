"""What was billed, paid and given back: amounts reckoned by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tidemill_cli.demo.killbill.catalog import Usage
from tidemill_cli.demo.killbill.model import Account, Invoice, Item
from tidemill_cli.demo.killbill.plans import plan, prices

from .surface import Surface
from .world import START, World, at, day

Row = dict[str, Any]


def lines(world: World, surface: Surface, *columns: str) -> list[tuple[object, ...]]:
    """Lines in the order in which they were made: from, until, and some columns."""
    rows = sorted(
        world.read(surface, "invoice_lines"),
        key=lambda row: (row["invoiced_at"], row["kind"], row["amount"]),
    )
    return [
        (day(row["service_from"]), day(row["service_to"]), *(row[name] for name in columns))
        for row in rows
        if row["invoiced_at"] < at("04-01")
    ]


def first_invoice(account: Account) -> Invoice:
    return account.invoices[0]


def first_item(account: Account) -> Item:
    return account.subscriptions[0].items[0]


def test_a_line_says_what_it_bills(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("03-10"))
    (row,) = (
        row for row in world.read(surface, "invoice_lines") if row["invoiced_at"] == at("03-10")
    )
    assert {name: row[name] for name in row if name not in ("line_id", "source_row_id")} == {
        "billing_source": "killbill",
        "tenant_id": world.acme.row["id"],
        "customer_id": made.account.id,
        "subscription_id": made.id,
        "invoice_id": first_invoice(made.account).id,
        "kind": "recurring",
        "plan": "basic",
        "product": "Basic",
        "currency": "USD",
        "service_from": at("03-10"),
        "service_to": at("04-10"),
        "period_unit": "month",
        "period_count": 1,
        "amount": 50,
        "discount": 0,
        "tax": 0,
        "invoiced_at": at("03-10"),
        "paid_at": at("03-10"),
        "refunded": 0,
        "source_table": "invoice_items",
    }


def test_a_date_stays_on_its_date(surface: Surface) -> None:
    world = World()
    account = world.account(time_zone="America/New_York")
    # It is still March 10th there.
    world.kb.subscribe(account, "basic", datetime(2024, 3, 11, 3, tzinfo=UTC))
    (row,) = (
        row for row in world.read(surface, "invoice_lines") if row["invoiced_at"] < at("04-01")
    )
    assert (row["service_from"], row["service_to"]) == (at("03-10"), at("04-10"))


@pytest.mark.parametrize(
    ("time_zone", "hours"), [("-08:00", -8), ("+05:30", 5.5), ("UTC", 0), ("europe/berlin", 1)]
)
def test_a_time_zone_may_be_an_offset(surface: Surface, time_zone: str, hours: float) -> None:
    world = World()
    world.kb.subscribe(world.account(), "basic", at("2024-01-10 12:00"))

    def place(rows: dict[str, list[Row]]) -> None:
        rows["accounts"][0]["time_zone"] = time_zone

    (account,) = surface.table(world.rows(place), "stg_killbill__accounts")
    assert account["utc_offset"].total_seconds() == hours * 3600
    assert world.issues(surface, place) == set()


def test_what_is_repaired_is_given_back_as_recurring(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("03-10"))
    world.kb.change_plan(made, "plus", at("03-20"))
    # 21 of 31 days: 50 * 21 / 31 and 80 * 21 / 31.
    assert lines(world, surface, "kind", "plan", "product", "amount", "period_count") == [
        ("03-10", "04-10", "recurring", "basic", "Basic", 50, 1),
        ("03-20", "04-10", "recurring", "basic", "Basic", Decimal("-33.87"), 1),
        ("03-20", "04-10", "recurring", "plus", "Plus", Decimal("54.19"), 1),
    ]
    assert {row[2] for row in lines(world, surface, "subscription_id")} == {made.id}


def test_a_line_is_of_the_period_that_its_own_version_of_the_catalog_says(surface: Surface) -> None:
    world = World()
    world.kb.catalog(world.acme, at("03-01"), [plan("basic", "Basic", 500, "ANNUAL")])
    old = world.kb.subscribe(world.account(), "basic", at("02-10"))
    new = world.kb.subscribe(world.account(), "basic", at("03-20"))
    world.kb.cancel(new, at("03-30"))
    told = lines(world, surface, "subscription_id", "period_unit", "period_count")
    assert [row[2:] for row in told] == [
        (old.id, "month", 1),
        (old.id, "month", 1),
        (new.id, "year", 1),
        # What takes back a part of the year.
        (new.id, "year", 1),
    ]


def test_the_product_of_a_line_that_names_none_is_that_of_its_plan(surface: Surface) -> None:
    world = World()
    world.kb.subscribe(world.account(), "basic", at("03-10"), prices={0: 45})

    def lose(rows: dict[str, list[Row]]) -> None:
        for row in rows["invoice_items"]:
            row["product_name"] = None

    rows = world.read(surface, "invoice_lines", lose)
    assert {(row["plan"], row["product"]) for row in rows} == {("basic", "Basic")}


def test_a_trial_a_setup_a_charge_and_usage_are_each_in_their_place(surface: Surface) -> None:
    world = World()
    metered = Usage("calls", "call", prices(2))
    world.kb.catalog(
        world.acme,
        START,
        [plan("metered", "Metered", 20, setup=100, usage=metered, trial_days=14)],
    )
    account = world.account()
    made = world.kb.subscribe(account, "metered", at("01-10"))
    world.kb.use(made, "call", 7, at("02-01"))
    world.kb.charge(account, 15, at("03-30"))
    told = lines(world, surface, "kind", "plan", "product", "amount", "period_unit", "period_count")
    assert [row for row in told if row[2] != "recurring"] == [
        ("", "", "one_off", None, "Metered", 0, None, None),
        ("", "", "one_off", None, "Metered", 100, None, None),
        ("01-24", "02-24", "usage", "metered", "Metered", 14, "month", 1),
        ("02-24", "03-24", "usage", "metered", "Metered", 0, "month", 1),
        ("", "", "one_off", None, None, 15, None, None),
    ]


def test_usage_of_a_part_of_a_month_is_of_so_many_days(surface: Surface) -> None:
    world = World()
    metered = Usage("calls", "call", prices(2))
    world.kb.catalog(world.acme, START, [plan("metered", "Metered", 20, usage=metered)])
    made = world.kb.subscribe(world.account(), "metered", at("01-10"))
    world.kb.use(made, "call", 7, at("01-12"))
    world.kb.cancel(made, at("01-20"))
    told = lines(world, surface, "kind", "amount", "period_unit", "period_count")
    assert [row for row in told if row[2] == "usage"] == [
        ("01-10", "01-20", "usage", 14, "day", 10)
    ]


def test_a_tax_is_part_of_what_is_taxed(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(tax_rate=20), "basic", at("03-10"))
    assert lines(world, surface, "kind", "amount", "tax") == [
        ("03-10", "04-10", "recurring", 50, 10)
    ]
    # Of what was billed on another invoice, it stands for itself.
    world = World()
    made = world.kb.subscribe(world.account(tax_rate=20), "basic", at("03-10"))
    world.kb.cancel(made, at("03-20"))
    assert lines(world, surface, "kind", "amount", "tax") == [
        ("03-10", "04-10", "recurring", 50, 10),
        ("03-20", "04-10", "recurring", Decimal("-33.87"), 0),
        ("", "", "tax", 0, Decimal("-6.77")),
    ]


def test_drafts_void_and_imported_invoices_bill_nothing(surface: Surface) -> None:
    world = World()
    account = world.account(payment_method=False)
    world.kb.import_invoice(account, 500, at("01-05"))
    world.kb.tag(account, "AUTO_INVOICING_DRAFT", at("01-06"))
    world.kb.subscribe(account, "basic", at("03-10"))
    assert lines(world, surface) == []

    world = World()
    account = world.account(payment_method=False)
    void = world.kb.charge(account, 70, at("03-10"))
    world.kb.charge(account, 30, at("03-11"))
    world.kb.void(void, at("03-12"))
    assert lines(world, surface, "amount") == [("", "", 30)]


def test_a_draft_bills_once_it_is_committed(surface: Surface) -> None:
    world = World()
    account = world.account()
    world.kb.tag(account, "AUTO_INVOICING_DRAFT", at("01-06"))
    world.kb.subscribe(account, "basic", at("03-10"))
    world.kb.commit(first_invoice(account), at("03-12"))
    assert lines(world, surface, "amount", "paid_at") == [("03-10", "04-10", 50, at("03-12"))]


def test_an_invoice_is_paid_when_nothing_is_owed(surface: Surface) -> None:
    world = World()
    account = world.account(payment_method=False)
    world.kb.subscribe(account, "basic", at("03-10"))
    invoice = first_invoice(account)
    world.kb.pay(invoice, at("03-12"), 20)
    assert lines(world, surface, "paid_at") == [("03-10", "04-10", None)]

    world = World()
    account = world.account(payment_method=False)
    world.kb.subscribe(account, "basic", at("03-10"))
    world.kb.pay(first_invoice(account), at("03-12"), 20)
    world.kb.pay(first_invoice(account), at("03-15"), 30)
    # Nothing that is given back later makes it a debt again.
    world.kb.refund(first_invoice(account).payments[0], at("03-20"), 5)
    assert lines(world, surface, "paid_at") == [("03-10", "04-10", at("03-15"))]


def test_credit_is_how_an_invoice_is_paid(surface: Surface) -> None:
    world = World()
    account = world.account(payment_method=False)
    world.kb.credit(account, 60, at("03-01"))
    world.kb.subscribe(account, "basic", at("03-10"))
    world.kb.charge(account, 30, at("03-12"))
    # 10 are left for the charge, and the rest is paid in money.
    world.kb.pay(account.invoices[-1], at("03-14"))
    assert lines(world, surface, "kind", "amount", "paid_at") == [
        ("03-10", "04-10", "recurring", 50, at("03-10")),
        ("", "", "one_off", 30, at("03-14")),
    ]


def test_an_adjustment_is_credit_on_its_invoice(surface: Surface) -> None:
    world = World()
    account = world.account()
    made = world.kb.subscribe(account, "basic", at("03-10"))
    world.kb.adjust(first_item(account), 20, at("03-15"))
    assert lines(world, surface, "kind", "amount", "refunded", "paid_at") == [
        ("", "", "credit", -20, 0, at("03-10")),
        ("03-10", "04-10", "recurring", 50, 0, at("03-10")),
    ]
    (credit,) = (r for r in world.read(surface, "invoice_lines") if r["kind"] == "credit")
    assert (credit["subscription_id"], credit["plan"]) == (made.id, "basic")


def test_money_given_back_for_an_item_is_a_refund_of_it(surface: Surface) -> None:
    world = World()
    account = world.account(payment_method=False)
    world.kb.tag(account, "AUTO_INVOICING_OFF", START)
    world.kb.subscribe(account, "basic", at("03-10"))
    world.kb.subscribe(account, "plus", at("03-10"))
    tag = [row for row in world.kb.rows["tags"] if row["object_id"] == account.id][-1]
    world.kb.untag(account, tag, at("03-10"))
    invoice = first_invoice(account)
    payment = world.kb.pay(invoice, at("03-11"))
    world.kb.refund_item(payment, first_item(account), 50, at("03-15"))
    # It is no credit, too.
    assert lines(world, surface, "kind", "amount", "refunded") == [
        ("03-10", "04-10", "recurring", 50, 50),
        ("03-10", "04-10", "recurring", 80, 0),
    ]


@pytest.mark.parametrize("back", ["refund", "chargeback"])
def test_money_given_back_for_an_invoice_is_of_all_its_items(surface: Surface, back: str) -> None:
    world = World()
    account = world.account(tax_rate=25)
    world.kb.tag(account, "AUTO_INVOICING_OFF", START)
    world.kb.subscribe(account, "basic", at("03-10"))
    world.kb.subscribe(account, "plus", at("03-10"))
    tag = [row for row in world.kb.rows["tags"] if row["object_id"] == account.id][-1]
    world.kb.untag(account, tag, at("03-10"))
    (payment,) = first_invoice(account).payments
    # 62.50 and 100 with tax: of 65 these are 25 and 40, without tax 20 and 32.
    if back == "refund":
        world.kb.refund(payment, at("03-15"), 65)
        expected = [20, 32]
    else:
        world.kb.charge_back(payment, at("03-15"))
        expected = [50, 80]
    assert lines(world, surface, "amount", "tax", "refunded") == [
        ("03-10", "04-10", 50, Decimal("12.5"), expected[0]),
        ("03-10", "04-10", 80, 20, expected[1]),
    ]


def test_a_payment_that_failed_pays_nothing(surface: Surface) -> None:
    world = World()
    account = world.account()
    world.kb.fail_payments(account, at("01-05"))
    world.kb.subscribe(account, "basic", at("03-10"))
    assert lines(world, surface, "paid_at") == [("03-10", "04-10", None)]


def test_a_parent_pays_for_its_children(surface: Surface) -> None:
    world = World()
    parent = world.account()
    child = world.account(parent=parent)
    world.kb.subscribe(child, "basic", at("03-10"))
    # The parent's invoice of the day sums up, and is committed the day after.
    assert lines(world, surface, "customer_id", "kind", "amount", "paid_at") == [
        ("03-10", "04-10", child.id, "recurring", 50, at("03-11"))
    ]


def test_an_adjustment_of_nothing_is_named(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("03-10"))
    world.kb.cancel(made, at("03-20"))

    def lose(rows: dict[str, list[Row]]) -> None:
        for row in rows["invoice_items"]:
            if row["type"] == "REPAIR_ADJ":
                row["linked_item_id"] = "nowhere"

    assert "adjusted_item_missing" in world.issues(surface, lose)
    (repair,) = (r for r in world.read(surface, "invoice_lines", lose) if r["amount"] < 0)
    assert (repair["kind"], repair["subscription_id"]) == ("recurring", None)
