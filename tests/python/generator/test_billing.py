"""What is billed, when and for which days."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from tidemill_cli.demo.lago.account import Subscription
from tidemill_cli.demo.lago.engine import FixedCharge, LagoEngine
from tidemill_cli.demo.lago.pricing import ChargeModel

from .scripts import at, base_fees, engine, naive, rows


@pytest.fixture
def lago() -> LagoEngine:
    return engine()


def start(
    lago: LagoEngine,
    when: str,
    *,
    timezone: str = "UTC",
    life: Mapping[str, object] | None = None,
    **plan: object,
) -> Subscription:
    """Subscribe the only customer of an organisation to its only plan, of 31.00 a month."""
    terms: dict[str, Any] = {"amount": "31", **plan}
    acme = lago.organization("Acme", timezone=timezone, currency=terms.get("currency", "USD"))
    customer = lago.customer(acme, at(when))
    choices: dict[str, Any] = dict(life or {})
    return lago.subscribe(customer, lago.plan(acme, "plan", **terms), at(when), **choices)


def test_in_advance_by_calendar_prorates_the_first_days(lago: LagoEngine) -> None:
    start(lago, "2024-01-10 09:00")
    lago.run_until(at("2024-02-02"))
    assert base_fees(lago) == [
        ("2024-01-10T00:00:00.000Z", "2024-01-31T23:59:59.999Z", 2200, 3100),
        ("2024-02-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z", 3100, 3100),
    ]
    assert rows(lago, "invoice_subscriptions", "invoicing_reason", "recurring", "timestamp") == [
        ("subscription_starting", False, naive("2024-01-10 09:00")),
        ("subscription_periodic", True, naive("2024-02-01 00:10")),
    ]
    assert rows(lago, "invoice_subscriptions", "from_datetime", "to_datetime")[1] == (
        naive("2024-02-01"),
        naive("2024-02-29 23:59:59.999"),
    )
    assert rows(lago, "invoices", "status", "total_amount_cents", "self_billed") == [
        (1, 2200, False),
        (1, 3100, False),
    ]


def test_in_arrears_bills_the_period_that_ended(lago: LagoEngine) -> None:
    subscription = start(lago, "2024-01-10 09:00", pay_in_advance=False)
    lago.terminate(subscription, at("2024-02-10 12:00"))
    assert base_fees(lago) == [
        ("2024-01-10T00:00:00.000Z", "2024-01-31T23:59:59.999Z", 2200, 3100),
        # Ten of 29 days, the last one included.
        ("2024-02-01T00:00:00.000Z", "2024-02-10T23:59:59.999Z", 1069, 3100),
    ]
    assert rows(lago, "invoice_subscriptions", "invoicing_reason") == [
        "subscription_periodic",
        "subscription_terminating",
    ]
    assert rows(lago, "credit_notes") == []


def test_an_end_gives_back_the_days_after_it(lago: LagoEngine) -> None:
    subscription = start(lago, "2024-01-01")
    lago.terminate(subscription, at("2024-01-21 12:00"))
    assert rows(lago, "credit_notes", "total_amount_cents", "credit_status") == [(1000, 0)]
    assert len(base_fees(lago)) == 1


def test_an_end_before_the_billing_run_of_its_day_is_billed_for_nothing_more(
    lago: LagoEngine,
) -> None:
    subscription = start(lago, "2024-01-01")
    lago.terminate(subscription, at("2024-02-01 00:00"))
    assert len(base_fees(lago)) == 1
    assert rows(lago, "credit_notes") == []


def test_an_anniversary_of_the_31st_is_the_last_day_of_a_shorter_month(lago: LagoEngine) -> None:
    start(lago, "2024-01-31", life={"billing_time": "anniversary"})
    lago.run_until(at("2024-04-01"))
    assert [fee[0][:10] for fee in base_fees(lago)] == ["2024-01-31", "2024-02-29", "2024-03-31"]
    assert {fee[2] for fee in base_fees(lago)} == {3100}


@pytest.mark.parametrize(
    ("interval", "first_days"),
    [
        ("weekly", ["2024-01-10", "2024-01-15", "2024-01-22"]),
        ("quarterly", ["2024-01-10", "2024-04-01", "2024-07-01"]),
        ("semiannual", ["2024-01-10", "2024-07-01", "2025-01-01"]),
        ("yearly", ["2024-01-10", "2025-01-01", "2026-01-01"]),
    ],
)
def test_calendar_periods(lago: LagoEngine, interval: str, first_days: list[str]) -> None:
    start(lago, "2024-01-10", interval=interval)
    lago.run_until(at(first_days[-1] + " 12:00"))
    assert [fee[0][:10] for fee in base_fees(lago)] == first_days


@pytest.mark.parametrize(
    ("interval", "first_days"),
    [
        ("weekly", ["2024-02-29", "2024-03-07", "2024-03-14"]),
        ("quarterly", ["2024-02-29", "2024-05-29", "2024-08-29"]),
        ("semiannual", ["2024-02-29", "2024-08-29", "2025-02-28"]),
        ("yearly", ["2024-02-29", "2025-02-28", "2026-02-28"]),
    ],
)
def test_anniversary_periods(lago: LagoEngine, interval: str, first_days: list[str]) -> None:
    start(lago, "2024-02-29", life={"billing_time": "anniversary"}, interval=interval)
    lago.run_until(at(first_days[-1] + " 12:00"))
    assert [fee[0][:10] for fee in base_fees(lago)] == first_days


def test_days_are_those_of_the_customers_time_zone(lago: LagoEngine) -> None:
    start(lago, "2024-03-01 03:00", timezone="America/New_York")
    lago.run_until(at("2024-04-01 12:00"))
    # Still 29 February in New York: one of 29 days; then a month that changes to summer time.
    assert base_fees(lago) == [
        ("2024-02-29T05:00:00.000Z", "2024-03-01T04:59:59.999Z", 107, 3100),
        ("2024-03-01T05:00:00.000Z", "2024-04-01T03:59:59.999Z", 3100, 3100),
        ("2024-04-01T04:00:00.000Z", "2024-05-01T03:59:59.999Z", 3100, 3100),
    ]
    assert rows(lago, "invoices", "created_at", "issuing_date")[-1] == (
        naive("2024-04-01 04:10"),
        naive("2024-04-01").date(),
    )


def test_amounts_are_in_the_currencys_own_subunit(lago: LagoEngine) -> None:
    start(lago, "2024-01-01", amount="1000", currency="JPY")
    assert rows(lago, "plans", "amount_cents") == [1000]
    assert rows(lago, "fees", "amount_cents", "amount_currency") == [(1000, "JPY")]


def test_a_trial_is_billed_only_after_its_end(lago: LagoEngine) -> None:
    start(lago, "2024-01-05 10:00", trial_days=14)
    lago.run_until(at("2024-01-19 10:00"))
    assert rows(lago, "fees") == []
    assert rows(lago, "subscriptions", "status", "trial_ended_at") == [(1, None)]
    lago.run_until(at("2024-01-20"))
    assert rows(lago, "subscriptions", "trial_ended_at") == [naive("2024-01-19 10:00")]
    # Thirteen of 31 days; the period is still the one the subscription began in.
    assert base_fees(lago) == [("2024-01-05T00:00:00.000Z", "2024-01-31T23:59:59.999Z", 1300, 3100)]
    assert rows(lago, "invoices", "created_at") == [naive("2024-01-19 10:35")]


def test_a_trial_over_a_billing_day_has_no_base_fee_that_day(lago: LagoEngine) -> None:
    charges = [FixedCharge("seats", "2", units=3)]
    start(lago, "2024-01-25", trial_days=14, fixed_charges=charges)
    lago.run_until(at("2024-03-01"))
    assert rows(lago, "fees", "fee_type", "amount_cents", "created_at") == [
        (5, 600, naive("2024-02-01 00:10")),
        # From 8 February on: 22 of 29 days.
        (2, 2352, naive("2024-02-08 00:35")),
    ]


def test_a_trial_of_a_plan_in_arrears_shortens_its_first_fee(lago: LagoEngine) -> None:
    start(lago, "2024-01-05 10:00", trial_days=14, pay_in_advance=False)
    lago.run_until(at("2024-02-02"))
    assert base_fees(lago) == [("2024-01-05T00:00:00.000Z", "2024-01-31T23:59:59.999Z", 1300, 3100)]
    assert rows(lago, "subscriptions", "trial_ended_at") == [naive("2024-01-19 10:00")]


def test_ending_in_trial_leaves_no_trial_end(lago: LagoEngine) -> None:
    subscription = start(lago, "2024-01-05 10:00", trial_days=14)
    lago.terminate(subscription, at("2024-01-12"))
    lago.run_until(at("2024-03-01"))
    assert rows(lago, "subscriptions", "trial_ended_at") == [None]
    assert rows(lago, "fees") == rows(lago, "credit_notes") == []


def test_an_upgrade_in_trial_counts_the_trial_from_the_first_start(lago: LagoEngine) -> None:
    subscription = start(lago, "2024-01-05 10:00", trial_days=14)
    acme = subscription.account.organization
    longer = lago.plan(acme, "longer", "62", trial_days=20)
    lago.change_plan(subscription, longer, at("2024-01-15"))
    lago.run_until(at("2024-01-31"))
    assert rows(lago, "subscriptions", "trial_ended_at") == [None, naive("2024-01-25 10:00")]
    assert [fee[2] for fee in base_fees(lago)] == [1400]


def test_fixed_charges_in_advance_and_in_arrears(lago: LagoEngine) -> None:
    charges = [
        FixedCharge("ahead", "10", units=2, pay_in_advance=True),
        FixedCharge("after", "1", units=5),
    ]
    start(lago, "2024-01-01", life={"units": {"ahead": 3}}, fixed_charges=charges)
    lago.run_until(at("2024-02-02"))
    ahead, after = rows(lago, "fixed_charges", "id")
    assert rows(lago, "fees", "fixed_charge_id", "units", "amount_cents", fee_type=5) == [
        (ahead, Decimal(3), 3000),
        (after, Decimal(5), 500),
        (ahead, Decimal(3), 3000),
    ]
    assert rows(lago, "fixed_charges", "properties") == [{"amount": "10"}, {"amount": "1"}]


def test_more_units_paid_in_advance_are_billed_at_once(lago: LagoEngine) -> None:
    charges = [FixedCharge("seats", "10", units=2, pay_in_advance=True, prorated=True)]
    subscription = start(lago, "2024-01-01", fixed_charges=charges)
    lago.set_units(subscription, "seats", 4, at("2024-01-22"))
    lago.set_units(subscription, "seats", 1, at("2024-01-23"))
    # Two more for ten of 31 days; fewer bring nothing back.
    assert rows(lago, "fees", "units", "amount_cents", fee_type=5) == [
        (Decimal(2), 2000),
        (Decimal(2), 645),
    ]


@pytest.mark.parametrize(
    ("model", "units", "cents"),
    [
        ("graduated", 15, 13500),
        ("graduated", 10, 10000),
        ("volume", 15, 10500),
        ("volume", 5, 5000),
    ],
)
def test_fixed_charges_by_ranges(
    lago: LagoEngine, model: ChargeModel, units: int, cents: int
) -> None:
    ranges = ((0, 10, "10", "0"), (11, None, "7", "0"))
    charges = [FixedCharge("seats", charge_model=model, ranges=ranges, units=units)]
    start(lago, "2024-01-01", fixed_charges=charges)
    lago.run_until(at("2024-02-02"))
    assert rows(lago, "fees", "amount_cents", fee_type=5) == [cents]


def test_a_yearly_plan_may_bill_its_seats_monthly(lago: LagoEngine) -> None:
    start(
        lago,
        "2024-01-10",
        interval="yearly",
        bill_fixed_charges_monthly=True,
        fixed_charges=[FixedCharge("seats", "10")],
    )
    lago.run_until(at("2024-03-02"))
    assert rows(lago, "fees", "fee_type", "created_at") == [
        (2, naive("2024-01-10")),
        (5, naive("2024-02-01 00:10")),
        (5, naive("2024-03-01 00:10")),
    ]


def test_an_edited_seat_price_counts_from_the_next_invoice(lago: LagoEngine) -> None:
    charges = [FixedCharge("seats", "10")]
    subscription = start(lago, "2024-01-01", fixed_charges=charges)
    lago.run_until(at("2024-02-10"))
    lago.edit_fixed_charge_price(subscription.plan, "seats", "12", at("2024-02-10"))
    lago.run_until(at("2024-03-02"))
    assert rows(lago, "fees", "amount_cents", fee_type=5) == [1000, 1200]
    assert rows(lago, "fixed_charges", "properties") == [{"amount": "12"}]


def test_a_minimum_commitment_is_made_up_for_at_the_end_of_a_period(lago: LagoEngine) -> None:
    charges = [FixedCharge("seats", "10")]
    start(lago, "2024-01-01", minimum_commitment="50", fixed_charges=charges)
    lago.run_until(at("2024-02-02"))
    assert rows(lago, "commitments", "amount_cents", "commitment_type") == [(5000, 0)]
    # 31.00 for the plan and 10.00 for a seat: 9.00 are missing.
    assert rows(lago, "fees", "amount_cents", "created_at", fee_type=4) == [
        (900, naive("2024-02-01 00:10"))
    ]


def test_subscriptions_of_one_customer_share_an_invoice(lago: LagoEngine) -> None:
    subscription = start(lago, "2024-01-10")
    lago.subscribe(subscription.account, subscription.plan, at("2024-01-12"))
    lago.run_until(at("2024-02-02"))
    assert rows(lago, "invoices", "fees_amount_cents") == [2200, 2000, 6200]
    assert len(rows(lago, "invoice_subscriptions")) == 4


def test_a_free_plan_has_fees_of_nothing(lago: LagoEngine) -> None:
    start(lago, "2024-01-10", amount=0)
    assert [fee[2:] for fee in base_fees(lago)] == [(0, 0)]
    assert rows(lago, "invoices", "payment_status") == [1]


def test_a_partners_invoices_are_self_billed(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plan = lago.plan(acme, "plan", "10")
    partner = lago.customer(acme, at("2024-01-10"), account_type="partner")
    lago.subscribe(partner, plan, at("2024-01-10"))
    assert rows(lago, "invoices", "self_billed") == [True]
    assert rows(lago, "customers", "account_type") == ["partner"]


def test_taxes_come_on_top_of_what_coupons_leave(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plan = lago.plan(acme, "plan", "100")
    customer = lago.customer(acme, at("2024-01-01"), tax_rate=19)
    lago.apply_coupon(customer, lago.coupon(acme, "tenth", percentage="10"), at("2024-01-01"))
    lago.subscribe(customer, plan, at("2024-01-01"))
    assert rows(lago, "fees", "amount_cents", "taxes_amount_cents") == [(10000, 1710)]
    assert rows(lago, "invoices", "taxes_amount_cents", "total_amount_cents") == [(1710, 10710)]


def test_prorated_units_count_by_the_day(lago: LagoEngine) -> None:
    charges = [FixedCharge("seats", "31", units=1, prorated=True)]
    subscription = start(lago, "2024-01-01", fixed_charges=charges)
    lago.set_units(subscription, "seats", 3, at("2024-01-22 15:00"))
    lago.run_until(at("2024-02-02"))
    # 21 days with one unit and ten with three.
    assert rows(lago, "fees", "amount_cents", fee_type=5) == [5100]
