"""What is used, paid and given back."""

from datetime import datetime

import pytest

from tidemill_cli.demo.lago.engine import LagoEngine, UsageCharge

from .scripts import at, engine, naive, rows


@pytest.fixture
def lago() -> LagoEngine:
    return engine()


def payments(lago: LagoEngine) -> list[tuple[int, str, datetime]]:
    return rows(lago, "payments", "amount_cents", "payable_payment_status", "created_at")


def test_usage_is_billed_when_its_period_is_over(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plan = lago.plan(acme, "metered", "10", usage_charges=[UsageCharge("calls", "0.015")])
    subscription = lago.subscribe(lago.customer(acme, at("2024-01-10")), plan, at("2024-01-10"))
    lago.use(subscription, "calls", 1000, at("2024-01-20"))
    lago.use(subscription, "calls", 101, at("2024-01-31 23:59:59"))
    lago.use(subscription, "calls", 7, at("2024-02-01"))
    lago.run_until(at("2024-03-02"))
    (metric,) = rows(lago, "billable_metrics", "id", code="calls")
    (charge,) = rows(lago, "charges", "id", billable_metric_id=metric, plan_id=plan_id(lago))
    fees = rows(lago, "fees", "charge_id", "amount_cents", "units", "properties", fee_type=0)
    assert [(fee[0], fee[1], fee[2]) for fee in fees] == [(charge, 1652, 1101), (charge, 11, 7)]
    assert fees[0][3]["charges_from_datetime"] == "2024-01-10T00:00:00.000Z"
    assert fees[0][3]["charges_to_datetime"] == "2024-01-31T23:59:59.999Z"


def plan_id(lago: LagoEngine) -> object:
    (found,) = rows(lago, "plans", "id")
    return found


def test_a_yearly_plan_may_bill_its_usage_monthly(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plan = lago.plan(
        acme,
        "yearly",
        "120",
        interval="yearly",
        usage_charges=[UsageCharge("calls", "1")],
        bill_charges_monthly=True,
    )
    subscription = lago.subscribe(lago.customer(acme, at("2024-01-01")), plan, at("2024-01-01"))
    lago.use(subscription, "calls", 5, at("2024-02-10"))
    lago.run_until(at("2024-03-02"))
    assert rows(lago, "fees", "amount_cents", fee_type=0) == [0, 500]
    assert rows(lago, "fees", "amount_cents", fee_type=2) == [12000]


def test_what_was_used_is_billed_when_a_subscription_ends(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plan = lago.plan(acme, "metered", "10", usage_charges=[UsageCharge("calls", "1")])
    subscription = lago.subscribe(lago.customer(acme, at("2024-01-01")), plan, at("2024-01-01"))
    lago.use(subscription, "calls", 3, at("2024-01-05"))
    lago.terminate(subscription, at("2024-01-06 12:00"))
    assert rows(lago, "fees", "amount_cents", fee_type=0) == [300]


def test_usage_fills_a_commitment(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plan = lago.plan(
        acme, "metered", "10", minimum_commitment="50", usage_charges=[UsageCharge("calls", "1")]
    )
    subscription = lago.subscribe(lago.customer(acme, at("2024-01-01")), plan, at("2024-01-01"))
    lago.use(subscription, "calls", 25, at("2024-01-05"))
    lago.run_until(at("2024-02-02"))
    assert rows(lago, "fees", "amount_cents", fee_type=4) == [1500]


def test_an_invoice_is_paid_at_once(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plan = lago.plan(acme, "basic", "50")
    lago.subscribe(lago.customer(acme, at("2024-01-01")), plan, at("2024-01-01"))
    assert payments(lago) == [(5000, "succeeded", naive("2024-01-01"))]
    assert rows(lago, "invoices", "payment_status", "total_paid_amount_cents") == [(1, 5000)]


def test_an_invoice_may_be_paid_some_days_later(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plan = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-01"), payment_days=20)
    lago.subscribe(customer, plan, at("2024-01-01"))
    assert payments(lago) == []
    assert rows(lago, "invoices", "payment_status", "payment_overdue") == [(0, True)]
    lago.run_until(at("2024-01-25"))
    ((amount, status, paid_at),) = payments(lago)
    assert (amount, status) == (5000, "succeeded")
    assert naive("2024-01-01") < paid_at < naive("2024-01-21")
    assert rows(lago, "invoices", "payment_status", "payment_overdue") == [(1, False)]
    assert rows(lago, "fees", "payment_status", "succeeded_at") == [(1, paid_at)]


def test_a_payment_may_fail(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plan = lago.plan(acme, "basic", "50")
    lago.subscribe(lago.customer(acme, at("2024-01-01"), unpaid=1.0), plan, at("2024-01-01"))
    assert payments(lago) == [(5000, "failed", naive("2024-01-01"))]
    assert rows(lago, "invoices", "payment_status", "payment_overdue") == [(2, True)]
    assert rows(lago, "fees", "payment_status") == [0]


def test_a_voided_invoice_that_was_not_paid_never_is(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plan = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-01"), payment_days=20)
    subscription = lago.subscribe(customer, plan, at("2024-01-01"))
    invoice = lago.last_invoice(customer)
    lago.void_invoice(invoice, at("2024-01-01 00:00:01"))
    lago.terminate(subscription, at("2024-01-02"))
    lago.run_until(at("2024-03-01"))
    assert payments(lago) == []


def test_a_refund_gives_back_a_share_of_every_fee(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plan = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-01"), tax_rate=20)
    lago.subscribe(customer, plan, at("2024-01-01"))
    lago.refund_invoice(lago.last_invoice(customer), at("2024-01-10"), percent=50)
    columns = ("refund_amount_cents", "credit_amount_cents", "taxes_amount_cents", "refund_status")
    assert rows(lago, "credit_notes", *columns) == [(3000, 0, 500, 1)]
    assert rows(lago, "credit_note_items", "amount_cents") == [2500]


def test_what_was_not_paid_is_not_refunded(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plan = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-01"), unpaid=1.0)
    lago.subscribe(customer, plan, at("2024-01-01"))
    with pytest.raises(ValueError, match="was not paid in money"):
        lago.refund_invoice(lago.last_invoice(customer), at("2024-01-10"))


def test_what_was_refunded_is_not_credited_again(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plan = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-01"))
    subscription = lago.subscribe(customer, plan, at("2024-01-01"))
    lago.refund_invoice(lago.last_invoice(customer), at("2024-01-10"))
    lago.terminate(subscription, at("2024-01-15"))
    assert len(rows(lago, "credit_notes", "id")) == 1
