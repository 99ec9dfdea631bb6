"""Payments, refunds, credit notes and schedules, as far as they land."""

from __future__ import annotations

from .engines import Landing, payload
from .objects import Object, at, event

WHEN = "2025-02-01"


def charge(**fields: object) -> Object:
    return {
        "id": "ch_1",
        "object": "charge",
        "amount": 4500,
        "amount_refunded": 0,
        "created": at("2025-01-15"),
        "currency": "eur",
        "customer": "cus_1",
        "livemode": False,
        "paid": True,
        "payment_intent": "pi_1",
        "refunded": False,
        "status": "succeeded",
        **fields,
    }


def refund(**fields: object) -> Object:
    return {
        "id": "re_1",
        "object": "refund",
        "amount": 1000,
        "charge": "ch_1",
        "created": at(WHEN),
        "currency": "eur",
        "payment_intent": "pi_1",
        "reason": None,
        "status": "pending",
        **fields,
    }


def credit_note(**fields: object) -> Object:
    line = {"id": "cnli_1", "object": "credit_note_line_item", "amount": 1000}
    return {
        "id": "cn_1",
        "object": "credit_note",
        "amount": 1000,
        "created": at(WHEN),
        "currency": "eur",
        "customer": "cus_1",
        "invoice": "in_1",
        "lines": {"object": "list", "data": [line], "has_more": False},
        "livemode": False,
        "status": "issued",
        "subtotal": 1000,
        "total": 1000,
        "type": "post_payment",
        "voided_at": None,
        **fields,
    }


def test_a_refund_lands_with_its_charge(landing: Landing) -> None:
    landing.accept(
        event("charge.succeeded", "2025-01-15", charge(invoice="in_1")),
        event("refund.created", WHEN, refund()),
        event("charge.refunded", WHEN, charge(invoice="in_1", amount_refunded=1000)),
        event("refund.updated", "2025-02-02", refund(status="succeeded")),
    )
    assert landing.values("charges", "ch_1", "invoice", "amount_refunded") == ("in_1", 1000)
    assert landing.values("refunds", "re_1", "charge", "amount", "status") == (
        "ch_1",
        1000,
        "succeeded",
    )


def test_only_classic_knows_which_invoice_a_new_charge_paid(classic: Landing, v1: Landing) -> None:
    payment = {
        "id": "inpay_1",
        "object": "invoice_payment",
        "amount_paid": 4500,
        "amount_requested": 4500,
        "created": at("2025-01-15"),
        "currency": "eur",
        "invoice": "in_1",
        "is_default": True,
        "livemode": False,
        "payment": {"type": "payment_intent", "payment_intent": "pi_1"},
        "status": "paid",
    }
    for landing in (classic, v1):
        landing.accept(
            event("charge.succeeded", "2025-01-15", charge()),
            event("invoice_payment.paid", "2025-01-15", payment),
        )
        assert landing.values("charges", "ch_1", "invoice", "payment_intent") == (None, "pi_1")
    invoice, paid_by = classic.values("invoice_payments", "inpay_1", "invoice", "payment")
    assert (invoice, paid_by["payment_intent"]) == ("in_1", "pi_1")
    with v1.connect() as conn:
        table = "select to_regclass('stripe.invoice_payments')"
        assert conn.execute(table).fetchone() == (None,)


def test_an_old_credit_note_names_its_refund(landing: Landing) -> None:
    landing.accept(event("credit_note.created", WHEN, credit_note(refund="re_1", tax_amounts=[])))
    columns = ("invoice", "refund", "total", "status")
    assert landing.values("credit_notes", "cn_1", *columns) == ("in_1", "re_1", 1000, "issued")
    (line,) = landing.row("credit_notes", "cn_1")["lines"]["data"]
    assert line["amount"] == 1000


def test_only_v1_keeps_the_refunds_of_a_new_credit_note(classic: Landing, v1: Landing) -> None:
    refunds = [{"amount_refunded": 1000, "refund": "re_1"}]
    for landing in (classic, v1):
        landing.accept(
            event("credit_note.created", WHEN, credit_note(refunds=refunds, total_taxes=[]))
        )
        assert landing.values("credit_notes", "cn_1", "refund") == (None,)
    assert "refunds" not in classic.row("credit_notes", "cn_1")
    assert payload(v1.row("credit_notes", "cn_1"))["refunds"] == refunds


def test_a_voided_credit_note_says_so(landing: Landing) -> None:
    landing.accept(
        event("credit_note.created", WHEN, credit_note()),
        event("credit_note.voided", "2025-02-03", credit_note(status="void")),
    )
    assert landing.values("credit_notes", "cn_1", "status") == ("void",)


def test_a_schedule_lands_with_its_phases(landing: Landing) -> None:
    phase = {
        "start_date": at("2025-03-01"),
        "end_date": at("2026-03-01"),
        "items": [{"price": "price_2", "quantity": 5}],
    }
    schedule = {
        "id": "sub_sched_1",
        "object": "subscription_schedule",
        "created": at(WHEN),
        "customer": "cus_1",
        "end_behavior": "release",
        "livemode": False,
        "metadata": {},
        "phases": [phase],
        "status": "active",
        "subscription": "sub_1",
    }
    landing.accept(
        event("subscription_schedule.created", WHEN, schedule),
        event("subscription_schedule.released", "2025-02-20", {**schedule, "status": "released"}),
    )
    assert landing.values("subscription_schedules", "sub_sched_1", "status", "subscription") == (
        "released",
        "sub_1",
    )
    assert landing.row("subscription_schedules", "sub_sched_1")["phases"] == [phase]
