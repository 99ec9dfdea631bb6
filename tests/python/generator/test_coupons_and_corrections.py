"""Coupons on invoices, and what happens to invoices afterwards."""

from decimal import Decimal

import pytest

from tidemill_cli.demo.lago.account import Account
from tidemill_cli.demo.lago.catalog import Organization, Plan
from tidemill_cli.demo.lago.engine import LagoEngine

from .scripts import at, engine, naive, rows


@pytest.fixture
def lago() -> LagoEngine:
    return engine()


def subscriber(lago: LagoEngine, amount: str = "100") -> tuple[Organization, Plan, Account]:
    acme = lago.organization("Acme")
    return acme, lago.plan(acme, "plan", amount), lago.customer(acme, at("2024-01-01"))


def run_three_months(lago: LagoEngine, customer: Account, plan: Plan) -> list[tuple[int, int]]:
    lago.subscribe(customer, plan, at("2024-01-01"))
    lago.run_until(at("2024-03-02"))
    found: list[tuple[int, int]] = rows(
        lago, "invoices", "coupons_amount_cents", "total_amount_cents"
    )
    return found


def test_a_coupon_for_ever(lago: LagoEngine) -> None:
    acme, plan, customer = subscriber(lago)
    lago.apply_coupon(customer, lago.coupon(acme, "x", percentage="10"), at("2024-01-01"))
    assert run_three_months(lago, customer, plan) == [(1000, 9000)] * 3
    assert rows(lago, "applied_coupons", "status", "frequency", "percentage_rate") == [
        (0, 2, Decimal(10))
    ]
    assert rows(lago, "fees", "precise_coupons_amount_cents") == [Decimal(1000)] * 3


def test_a_recurring_coupon_counts_invoices(lago: LagoEngine) -> None:
    acme, plan, customer = subscriber(lago)
    coupon = lago.coupon(acme, "x", amount="15", frequency="recurring", duration=2)
    lago.apply_coupon(customer, coupon, at("2024-01-01"))
    assert run_three_months(lago, customer, plan) == [(1500, 8500), (1500, 8500), (0, 10000)]
    assert rows(
        lago, "applied_coupons", "status", "terminated_at", "frequency_duration_remaining"
    ) == [(1, naive("2024-02-01 00:10"), 0)]
    assert rows(lago, "credits", "amount_cents", "before_taxes") == [(1500, True)] * 2


def test_a_single_coupon_is_used_up_by_its_first_invoice(lago: LagoEngine) -> None:
    acme, plan, customer = subscriber(lago)
    coupon = lago.coupon(acme, "x", percentage="50", frequency="once")
    lago.apply_coupon(customer, coupon, at("2024-01-01"))
    assert run_three_months(lago, customer, plan) == [(5000, 5000), (0, 10000), (0, 10000)]
    assert rows(lago, "applied_coupons", "status", "terminated_at") == [(1, naive("2024-01-01"))]


def test_a_single_amount_larger_than_an_invoice_goes_on(lago: LagoEngine) -> None:
    acme, plan, customer = subscriber(lago)
    coupon = lago.coupon(acme, "x", amount="120", frequency="once")
    lago.apply_coupon(customer, coupon, at("2024-01-01"))
    assert run_three_months(lago, customer, plan) == [(10000, 0), (2000, 8000), (0, 10000)]


def test_a_coupon_of_another_currency_is_left_alone(lago: LagoEngine) -> None:
    acme, plan, customer = subscriber(lago)
    coupon = lago.coupon(acme, "x", amount="10", currency="EUR")
    lago.apply_coupon(customer, coupon, at("2024-01-01"))
    assert run_three_months(lago, customer, plan) == [(0, 10000)] * 3


def test_coupons_limited_to_plans_come_first_and_include_overrides(lago: LagoEngine) -> None:
    acme, plan, customer = subscriber(lago)
    other = lago.plan(acme, "other", "20")
    general = lago.coupon(acme, "general", amount="10")
    limited = lago.coupon(acme, "limited", percentage="50", plans=[plan])
    first = lago.apply_coupon(customer, general, at("2024-01-01"))
    second = lago.apply_coupon(customer, limited, at("2024-01-01"))
    subscription = lago.subscribe(customer, plan, at("2024-01-01"))
    lago.override_price(subscription, "80", at("2024-01-05"))
    lago.subscribe(customer, other, at("2024-01-06"), billing_time="calendar")
    lago.run_until(at("2024-02-02"))
    last = rows(lago, "invoices", "id")[-1]
    # 80.00 and 20.00: half of the first, then 10.00 spread over 40.00 and 20.00.
    assert rows(lago, "credits", "amount_cents", invoice_id=last) == [4000, 1000]
    assert rows(lago, "fees", "precise_coupons_amount_cents", invoice_id=last) == [
        Decimal("4666.66667"),
        Decimal("333.33333"),
    ]
    assert rows(lago, "coupons", "limited_plans", "coupon_type") == [(False, 0), (True, 1)]
    assert rows(lago, "coupon_targets", "plan_id") == [rows(lago, "plans", "id")[0]]
    assert first.terminated_at is None
    assert second.terminated_at is None


def test_a_coupon_can_be_taken_away(lago: LagoEngine) -> None:
    acme, plan, customer = subscriber(lago)
    coupon = lago.coupon(acme, "x", percentage="10")
    applied = lago.apply_coupon(customer, coupon, at("2024-01-01"))
    lago.subscribe(customer, plan, at("2024-01-01"))
    lago.terminate_coupon(applied, at("2024-01-20"))
    lago.run_until(at("2024-02-02"))
    assert rows(lago, "invoices", "coupons_amount_cents") == [1000, 0]
    assert rows(lago, "applied_coupons", "status", "terminated_at") == [(1, naive("2024-01-20"))]


def test_a_voided_invoice_gives_its_coupon_back(lago: LagoEngine) -> None:
    acme, plan, customer = subscriber(lago)
    coupon = lago.coupon(acme, "x", percentage="10", frequency="recurring", duration=1)
    lago.apply_coupon(customer, coupon, at("2024-01-01"))
    lago.subscribe(customer, plan, at("2024-01-01"))
    assert rows(lago, "applied_coupons", "status") == [1]
    lago.void_invoice(lago.last_invoice(customer), at("2024-01-05"))
    assert rows(lago, "invoices", "status", "voided_at") == [(2, naive("2024-01-05"))]
    assert rows(
        lago, "applied_coupons", "status", "terminated_at", "frequency_duration_remaining"
    ) == [(0, None, 1)]


def test_a_regenerated_invoice_points_at_the_voided_one(lago: LagoEngine) -> None:
    _, plan, customer = subscriber(lago)
    subscription = lago.subscribe(customer, plan, at("2024-01-01"))
    invoice = lago.last_invoice(customer)
    lago.void_invoice(invoice, at("2024-01-05"))
    lago.regenerate(invoice, at("2024-01-05 01:00"))
    old, new = rows(lago, "invoices")
    assert (old["status"], new["status"]) == (2, 1)
    assert (new["voided_invoice_id"], new["created_at"]) == (old["id"], naive("2024-01-05 01:00"))
    assert rows(lago, "invoice_subscriptions", "regenerated_invoice_id") == [new["id"], None]
    first, second = rows(lago, "fees")
    assert (second["original_fee_id"], second["invoice_id"]) == (first["id"], new["id"])
    assert second["properties"] == first["properties"]
    # What is given back later is given back for the invoice that counts.
    lago.terminate(subscription, at("2024-01-10"))
    assert rows(lago, "credit_notes", "invoice_id") == [new["id"]]
    assert rows(lago, "credit_note_items", "fee_id") == [second["id"]]


def test_a_lost_dispute_is_noted_on_the_invoice(lago: LagoEngine) -> None:
    _, plan, customer = subscriber(lago)
    lago.subscribe(customer, plan, at("2024-01-01"))
    lago.dispute_invoice(lago.last_invoice(customer), at("2024-01-05"))
    assert rows(lago, "invoices", "status", "payment_dispute_lost_at") == [(1, naive("2024-01-05"))]


def test_an_invoice_may_be_credited_more_than_once(lago: LagoEngine) -> None:
    _, plan, customer = subscriber(lago)
    both = [lago.subscribe(customer, plan, at("2024-01-01")) for _ in range(2)]
    lago.run_until(at("2024-02-02"))
    for subscription in both:
        lago.terminate(subscription, at("2024-02-10"))
    invoice = lago.last_invoice(customer)
    assert rows(lago, "credit_notes", "sequential_id", "number") == [
        (1, f"{invoice.number}-CN001"),
        (2, f"{invoice.number}-CN002"),
    ]
