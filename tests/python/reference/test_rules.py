"""Rules on lineage, prices, seats, commitments and coupons, each by a hand-computed case."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from .builders import RawLago, at, figures, moves, total
from .fixed_charges import charge_amount
from .rows import exclusive_end, instant


def test_rows_that_never_lived_give_nothing_but_start_the_trial_clock() -> None:
    # The refused row started on 1 January, so 20 days of trial end on 21 January for its successor.
    lago = RawLago()
    c, plan = lago.customer(), lago.plan("a", 5000, trial_period=20)
    lago.subscription(c, plan, "2025-01-01", status=3)
    lago.subscription(c, plan, "2025-01-10", status=0, started_at=None)
    lago.subscription(c, plan, "2025-01-10")
    assert moves(lago.compute()) == [("2025-01-21", "new", "50")]


def test_a_gated_row_lives_from_its_activation() -> None:
    lago = RawLago()
    s = lago.subscription(
        lago.customer(), lago.plan("a", 5000), "2025-01-10", activated_at=at("2025-01-13 08:00")
    )
    lago.add("subscription_activation_rules", subscription_id=s["id"])
    assert moves(lago.compute()) == [("2025-01-13", "new", "50")]


def test_a_change_of_mind_leaves_the_real_successor() -> None:
    # The canceled downgrade to c points to the same predecessor and never lived.
    lago = RawLago()
    a, b, c = (lago.plan(code, cents) for code, cents in (("a", 9000), ("b", 6000), ("c", 3000)))
    customer = lago.customer()
    s1 = lago.subscription(customer, a, "2025-01-01", "2025-02-01")
    previous = s1["id"]
    lago.subscription(
        customer, c, "2025-01-10", status=3, started_at=None, previous_subscription_id=previous
    )
    lago.subscription(customer, b, "2025-02-01", previous_subscription_id=previous)
    assert moves(lago.compute())[1:] == [("2025-02-01", "contraction", "-30")]


def test_a_scheduled_end_holds_unless_the_engine_passed_it_by() -> None:
    # Now is 1 July 12:00. An end at 08:00 today has come; one two days ago was not carried out.
    for ending_at, expected in (("2025-07-01 08:00", "0"), ("2025-06-29", "50")):
        lago = RawLago()
        customer, plan = lago.customer(), lago.plan("a", 5000)
        lago.subscription(customer, plan, "2025-01-01", ending_at=at(ending_at))
        assert total(lago.compute(), "2025-07-01") == expected


def test_the_planned_day_is_the_customers_local_day() -> None:
    # Planned for 1 March 04:00 UTC = 28 February 23:00 in New York; terminated 20 hours before,
    # on the same local day: the plan counts, so the end of 28 February (UTC) still has 50.
    lago = RawLago()
    lago.subscription(
        lago.customer(timezone="America/New_York"),
        lago.plan("a", 5000),
        "2025-01-01",
        "2025-02-28 08:00",
        ending_at=at("2025-03-01 04:00"),
    )
    assert moves(lago.compute())[-1] == ("2025-03-01", "churn", "-50")


def test_partners_and_plans_without_a_price_have_no_mrr() -> None:
    lago = RawLago()
    lago.subscription(lago.customer(account_type="partner"), lago.plan("a", 5000), "2025-01-01")
    lago.subscription(lago.customer(), lago.plan("b", None), "2025-01-01")
    assert moves(lago.compute()) == []


def test_the_same_external_id_in_two_organizations_is_two_subscriptions() -> None:
    lago = RawLago()
    for organization in ("org", "other"):
        customer = lago.customer(organization_id=organization)
        plan = lago.plan("a", 5000, organization_id=organization)
        lago.subscription(customer, plan, "2025-01-01", external_id="same")
    assert [(m.tenant_id, m.type) for m in lago.compute().movements] == [
        ("org", "new"),
        ("other", "new"),
    ]


@pytest.mark.parametrize(
    ("written", "next_instant"),
    [
        ("2025-01-31T23:59:59.999Z", "2025-02-01"),
        ("2025-01-31T23:59:59.999999Z", "2025-02-01"),
        ("2025-02-01T04:59:59.999Z", "2025-02-01 05:00"),
    ],
)
def test_inclusive_ends_are_rounded_up(written: str, next_instant: str) -> None:
    assert exclusive_end(instant(written)) == at(next_instant).replace(tzinfo=UTC)


def test_billed_prices_hold_until_the_next_and_the_tail_takes_the_current_price() -> None:
    # 40 is billed for February, 45 for April; before February 40 is inferred, March keeps 40,
    # from 1 May the plan's current 50.
    lago = RawLago()
    s = lago.subscription(lago.customer(), lago.plan("a", 5000), "2025-01-01")
    lago.fee(s, "2025-02-01", "2025-02-28", 4000)
    lago.fee(s, "2025-04-01", "2025-04-30", "4500")
    assert moves(lago.compute()) == [
        ("2025-01-01", "new", "40"),
        ("2025-04-01", "expansion", "5"),
        ("2025-05-01", "expansion", "5"),
    ]


def test_a_terminated_row_keeps_its_last_billed_price() -> None:
    # Billed in arrears: January at 40, terminated in March, the plan costs 50 by now.
    lago = RawLago()
    s = lago.subscription(lago.customer(), lago.plan("a", 5000), "2025-01-01", "2025-03-15")
    lago.fee(s, "2025-01-01", "2025-01-31", 4000)
    assert moves(lago.compute()) == [("2025-01-01", "new", "40"), ("2025-03-15", "churn", "-40")]


def test_the_latest_fee_of_a_period_wins_and_void_fees_do_not_count() -> None:
    lago = RawLago()
    s = lago.subscription(lago.customer(), lago.plan("a", 9900), "2025-01-01")
    month = ("2025-01-01", "2025-12-31")
    lago.fee(s, *month, 4000, created_at=at("2025-01-01"))
    lago.fee(s, *month, 6000, created_at=at("2025-01-02"))
    late = at("2025-01-03")
    lago.fee(s, *month, 1, created_at=late, deleted_at=late)
    lago.fee(s, *month, 2, lago.invoice(s, *month, status=2), created_at=late)
    lago.fee(s, *month, 3, lago.invoice(s, *month, self_billed=True), created_at=late)
    disputed = lago.invoice(s, *month, payment_dispute_lost_at=late)
    lago.fee(s, *month, 4, disputed, created_at=late)
    lago.fee(s, *month, None, created_at=late)
    assert moves(lago.compute()) == [("2025-01-01", "new", "60")]


def test_captured_prices_fill_what_no_invoice_tells() -> None:
    # Billed to the end of January at 40. The plan was seen at 42 from 10 February and at 50 from
    # 5 March; 1 to 10 February takes the first sight backwards.
    lago = RawLago()
    plan = lago.plan("a", 5000)
    s = lago.subscription(lago.customer(), plan, "2025-01-01")
    lago.fee(s, "2025-01-01", "2025-01-31", 4000)
    lago.capture("plans", plan, "2025-02-10", amount_cents=4200)
    lago.capture("plans", plan, "2025-03-05")
    assert moves(lago.compute()) == [
        ("2025-01-01", "new", "40"),
        ("2025-02-01", "expansion", "2"),
        ("2025-03-05", "expansion", "8"),
    ]


def test_an_override_counts_from_when_the_swapped_plan_was_seen() -> None:
    # The row moved in place from plan a (50) to its child (30), seen on 4 February.
    lago = RawLago()
    parent = lago.plan("a", 5000)
    child = lago.plan("a", 3000, parent_id=parent["id"])
    s = lago.subscription(lago.customer(), child, "2025-01-01")
    lago.capture("plans", parent, "2025-01-01")
    lago.capture("plans", child, "2025-02-04")
    lago.capture("subscriptions", s, "2025-01-01", plan_id=parent["id"])
    lago.capture("subscriptions", s, "2025-02-04")
    result = lago.compute()
    assert moves(result)[1:] == [("2025-02-04", "contraction", "-20")]
    # It rolls up to the parent: one tuple, before and after.
    assert len(result.movements[1].changes) == 1


def test_a_captured_country_moves_money_between_countries() -> None:
    lago = RawLago()
    c = lago.customer(country="FR")
    lago.subscription(c, lago.plan("a", 5000), "2025-01-01")
    lago.capture("customers", c, "2025-01-15", country=None)
    lago.capture("customers", c, "2025-03-01 10:00")
    result = lago.compute()
    assert moves(result)[1:] == [("2025-03-01", "transfer", "0")]
    changes = result.movements[1].changes
    assert {d[5]: figures(a) for d, a in changes.items()} == {"unknown": "-50", "FR": "50"}


RANGES = [
    {"from_value": 0, "to_value": 5, "per_unit_amount": "10", "flat_amount": "1"},
    {"from_value": 6, "to_value": None, "per_unit_amount": "8", "flat_amount": "2"},
]


@pytest.mark.parametrize(
    ("model", "units", "expected"),
    [
        # 5 x 10 + 1, then 5 x 8 + 2.
        ("graduated", 10, 93),
        # The second range is not reached: 5 x 10 + 1.
        ("graduated", 5, 51),
        ("graduated", 0, 0),
        # All 10 units in the second range: 10 x 8 + 2.
        ("volume", 10, 82),
        ("volume", 5, 51),
        ("volume", 0, 0),
    ],
)
def test_tiers(model: str, units: int, expected: int) -> None:
    properties = {f"{model}_ranges": RANGES}
    assert charge_amount(model, properties, Decimal(units)) == expected


def test_seats_count_during_a_trial_and_until_the_charge_is_deleted() -> None:
    # 3 seats at 10 from the start; the base of 50 joins after 14 days; the charge goes on 1 March.
    lago = RawLago()
    plan = lago.plan("a", 5000, trial_period=14)
    seats = lago.fixed_charge(plan, {"amount": "10"}, units=1, deleted_at=at("2025-03-01"))
    s = lago.subscription(lago.customer(), plan, "2025-01-01")
    lago.add(
        "subscription_fixed_charge_units_overrides",
        subscription_id=s["id"],
        fixed_charge_id=seats["id"],
        units=3,
        deleted_at=None,
    )
    assert moves(lago.compute()) == [
        ("2025-01-01", "new", "30"),
        ("2025-01-15", "expansion", "50"),
        ("2025-03-01", "contraction", "-30"),
    ]


def test_units_come_from_the_charge_a_derived_one_was_copied_from() -> None:
    # 4 x 10 by the event on the parent's charge.
    lago = RawLago()
    parent = lago.plan("a", 0)
    seats = lago.fixed_charge(parent, {"amount": "12"}, units=1)
    child = lago.plan("a", 0, parent_id=parent["id"])
    lago.fixed_charge(child, {"amount": "10"}, units=1, parent_id=seats["id"])
    s = lago.subscription(lago.customer(), child, "2025-01-01")
    lago.set_units(s, seats, "2025-01-01", 4)
    assert moves(lago.compute()) == [("2025-01-01", "new", "40")]


def test_a_commitment_fills_up_to_the_minimum_before_discounts() -> None:
    # Yearly: base 1,000; seats billed monthly 2 x 10 = 20, 240 a year; minimum 1,600: 360 to fill.
    # 1,600 / 12 = 133.33...; in parts: 1,000 / 12 + 20 + 360 / 12.
    lago = RawLago()
    plan = lago.plan("a", 100000, "yearly", bill_fixed_charges_monthly=True)
    lago.fixed_charge(plan, {"amount": "10"}, units=2)
    lago.add("commitments", plan_id=plan["id"], commitment_type=0, amount_cents=160000)
    lago.subscription(lago.customer(), plan, "2025-01-01")
    assert total(lago.compute(), "2025-01-01") == "133.3333333333"
    assert total(lago.compute(mrr_commitments="exclude"), "2025-01-01") == "103.3333333333"


def test_a_week_is_fifty_two_twelfths_of_a_month() -> None:
    # 10 x 52 / 12 = 43.3333333333; the other factors by option.
    lago = RawLago()
    lago.subscription(lago.customer(), lago.plan("a", 1000, "weekly"), "2025-01-01")
    for factor, expected in (("52/12", "43.3333333333"), ("4.33", "43.3"), ("4", "40")):
        assert total(lago.compute(week_factor=factor), "2025-01-01") == expected


def test_a_fixed_coupon_is_shared_over_the_invoice_it_lowers() -> None:
    # 30 off a calendar month's invoice with 50 and 25: 20 and 10 off, so 30 + 15 = 45.
    # The yearly plan is on another invoice: 30 off 120 = 90 a year = 7.5 a month.
    lago = RawLago()
    c = lago.customer()
    for code, cents, interval in (("a", 5000, "monthly"), ("b", 2500, "monthly")):
        lago.subscription(c, lago.plan(code, cents, interval), "2025-01-01", external_id=code)
    yearly = lago.plan("y", 12000, "yearly")
    lago.subscription(c, yearly, "2025-01-01", external_id="y")
    lago.coupon(c, "2025-01-01", "forever", cents=3000)
    result = lago.compute()
    level = result.levels(date(2025, 1, 1))
    assert {d[2]: figures(a) for d, a in level.items()} == {"a": "30", "b": "15", "y": "7.5"}


def test_different_anniversaries_are_different_invoices() -> None:
    # Anniversaries on the 5th and the 20th: 10 off each, 40 + 15 from the 20th on.
    lago = RawLago()
    c = lago.customer()
    for code, cents, start in (("a", 5000, "2025-01-05"), ("b", 2500, "2025-01-20")):
        lago.subscription(c, lago.plan(code, cents), start, external_id=code, billing_time=1)
    lago.coupon(c, "2025-01-01", "forever", cents=1000)
    assert moves(lago.compute()) == [
        ("2025-01-05", "new", "40"),
        ("2025-01-20", "expansion", "15"),
    ]


def test_plan_limited_coupons_come_first_then_the_oldest() -> None:
    # On 100: first 10 off by the coupon for plan a, then 50% of 90: 45 left.
    # In the order of creation it would be 50% of 100, then 10 off: 40.
    lago = RawLago()
    c, plan = lago.customer(), lago.plan("a", 10000)
    lago.subscription(c, plan, "2025-01-01")
    lago.coupon(c, "2024-12-01", "forever", percent=50)
    lago.coupon(c, "2024-12-15", "forever", cents=1000, plans=[plan])
    lago.coupon(c, "2024-11-01", "forever", cents=9900, plans=[lago.plan("b", 1)])
    assert moves(lago.compute()) == [("2025-01-01", "new", "45")]


def test_a_coupon_in_another_currency_or_for_usage_does_nothing() -> None:
    lago = RawLago()
    c = lago.customer()
    lago.subscription(c, lago.plan("a", 10000, amount_currency="EUR"), "2025-01-01")
    lago.coupon(c, "2025-01-01", "forever", cents=1000)
    usage = lago.coupon(c, "2025-01-01", "forever", percent=10)
    lago.raw["coupons"][-1]["limited_billable_metrics"] = True
    assert usage["coupon_id"] == lago.raw["coupons"][-1]["id"]
    assert moves(lago.compute()) == [("2025-01-01", "new", "100")]


def test_a_coupon_taken_away_ends_at_once() -> None:
    # 20% of 50 from 1 January to 10 February, although February was billed with it.
    lago = RawLago()
    c = lago.customer()
    s = lago.subscription(c, lago.plan("a", 5000), "2025-01-01")
    taken_away = at("2025-02-10")
    coupon = lago.coupon(
        c, "2025-01-01", "recurring", percent=20, remaining=2, status=1, terminated_at=taken_away
    )
    lago.use(coupon, lago.invoice(s, "2025-02-01", "2025-02-28"))
    assert moves(lago.compute())[1:] == [("2025-02-10", "expansion", "10")]


def test_what_lies_after_now_has_not_happened() -> None:
    lago = RawLago()
    c = lago.customer()
    s1 = lago.subscription(c, lago.plan("a", 5000), "2025-01-01", "2025-03-10 09:00")
    lago.subscription(
        c, lago.plan("b", 8000), "2025-03-10 09:00", previous_subscription_id=s1["id"]
    )
    at_eight = lago.compute(as_of=datetime(2025, 3, 10, 8, tzinfo=UTC))
    assert moves(at_eight) == [("2025-01-01", "new", "50")]
    assert at_eight.last_day == date(2025, 3, 10)
    at_nine = lago.compute(as_of=datetime(2025, 3, 10, 9, tzinfo=UTC))
    assert moves(at_nine)[1:] == [("2025-03-10", "expansion", "30")]
