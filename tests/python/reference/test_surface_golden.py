"""The golden cases as surface rows; every expected number is worked out by hand beside it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from .surface.builders import SurfaceRows, at, figures, moves, rows, total

UNIT = ("engine", "t", "acme")


def test_g1_two_plan_changes_in_a_row_are_two_expansions() -> None:
    # 50 from 1 January, 90 from 10 February (+40), 120 from 5 March (+30).
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-02-10 10:00", 50, plan="a")
    surface.item("2025-02-10 10:00", "2025-03-05 09:00", 90, plan="b")
    surface.item("2025-03-05 09:00", None, 120, plan="c")
    books = surface.compute()
    # What was paid before moves whole, the difference is on the new plan.
    assert rows(books) == [
        ("2025-01-01", "new", "subscription", "a", "50"),
        ("2025-02-10", "transfer", "plan", "b", "50"),
        ("2025-02-10", "expansion", "plan", "b", "40"),
        ("2025-02-10", "transfer", "plan", "a", "-50"),
        ("2025-03-05", "transfer", "plan", "c", "90"),
        ("2025-03-05", "expansion", "plan", "c", "30"),
        ("2025-03-05", "transfer", "plan", "b", "-90"),
    ]
    assert total(books, "2025-07-01") == "120"


def test_g2_an_unconverted_trial_gives_nothing() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-10", "2025-01-20", 50, status="trialing")
    surface.trial("2025-01-10", "2025-01-20", cancelled_at=at("2025-01-20"))
    books = surface.compute()
    assert books.movements == []
    assert books.instants(UNIT) == []
    assert [trial.cancelled_at for trial in books.trials] == [at("2025-01-20")]


def test_g6_a_rate_is_not_a_movement() -> None:
    # EUR 100 when a euro is a dollar, gone when it is 1.10: 100 in, 110 out, 10 by the rate.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-06-10", 100, currency="EUR")
    rates = [("2025-01-01", "USD", "1.00"), ("2025-06-01", "USD", "1.10")]
    books = surface.compute(rates=rates, reporting_currency="USD")
    assert moves(books) == [("2025-01-01", "new", "100"), ("2025-06-10", "churn", "-100")]
    assert moves(books, reporting=True) == [
        ("2025-01-01", "new", "100"),
        ("2025-06-10", "churn", "-110"),
    ]
    ((currency, amount),) = books.reporting_level(UNIT, date(2025, 6, 5)).values()
    assert (currency, figures(amount)) == ("USD", "110")


def test_g7_who_comes_back_is_reactivated_whatever_the_rate() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-04-10", 100, currency="EUR")
    surface.item("2025-06-01", None, 100, currency="EUR")
    rates = [("2025-01-01", "USD", "1.10"), ("2025-04-01", "USD", "1.00")]
    books = surface.compute(rates=rates, reporting_currency="USD")
    assert moves(books, reporting=True) == [
        ("2025-01-01", "new", "110"),
        ("2025-04-10", "churn", "-100"),
        ("2025-06-01", "reactivation", "100"),
    ]


def test_g8_a_pause_is_churn_and_its_end_reactivation_unless_pauses_are_kept() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-04-01")
    surface.item("2025-04-01", "2025-06-01", status="paused")
    surface.item("2025-06-01")
    assert rows(surface.compute())[1:] == [
        ("2025-04-01", "churn", "pause", "basic", "-50"),
        ("2025-06-01", "reactivation", "pause", "basic", "50"),
    ]
    assert moves(surface.compute(mrr_paused="keep")) == [("2025-01-01", "new", "50")]


def test_g9_seats_count_from_the_day_they_change() -> None:
    # 1 seat at 50 from 10 January, 5 from 15 March: 4 x 50 = 200 more.
    surface = SurfaceRows()
    surface.item("2025-01-10", "2025-03-15 08:00", 50)
    surface.item("2025-03-15 08:00", None, 250, quantity=5)
    assert rows(surface.compute())[1:] == [
        ("2025-03-15", "expansion", "quantity", "basic", "200"),
    ]


def free_then_paid() -> SurfaceRows:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-01", 0)
    surface.item("2025-03-01", None, 50)
    return surface


def test_g11_from_free_to_paid_is_new_in_march_and_nothing_in_january() -> None:
    assert rows(free_then_paid().compute()) == [("2025-03-01", "new", "price", "basic", "50")]
    books = free_then_paid().compute(free_to_paid="expansion")
    assert moves(books) == [("2025-03-01", "expansion", "50")]


def cancelled_and_back(back_at: str, amount: int = 50) -> SurfaceRows:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-02-10 09:00", 50)
    surface.item(f"2025-02-10 {back_at}", None, amount, plan="again", subscription="s2")
    return surface


def test_g13_cancelling_and_coming_back_on_one_day_is_nothing_unless_instants_count() -> None:
    surface = cancelled_and_back("10:00")
    first = ("2025-01-01", "new", "50")
    gone_and_back = [("2025-02-10", "churn", "-50"), ("2025-02-10", "reactivation", "50")]
    assert moves(surface.compute()) == [first]
    assert moves(surface.compute(netting="none")) == [first, *gone_and_back]
    # 60 minutes is not more than 60 minutes; 61 is.
    assert moves(surface.compute(netting="60min")) == [first]
    later = cancelled_and_back("10:01").compute(netting="60min")
    assert moves(later) == [first, *gone_and_back]


def test_g14_coming_back_dearer_on_the_same_day_is_expansion() -> None:
    assert rows(cancelled_and_back("10:00", 80).compute())[1:] == [
        ("2025-02-10", "transfer", "subscription", "again", "50"),
        ("2025-02-10", "expansion", "subscription", "again", "30"),
        ("2025-02-10", "transfer", "subscription", "basic", "-50"),
    ]


def test_g16_no_seats_are_nothing_and_the_first_ones_are_new() -> None:
    # 0 seats cost 0; 3 seats at 50 are 150, all by quantity: there is no price per seat before.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-01", 0, quantity=0)
    surface.item("2025-03-01", None, 150, quantity=3)
    assert rows(surface.compute()) == [("2025-03-01", "new", "quantity", "basic", "150")]


def test_g17_a_tiered_price_is_what_all_units_cost() -> None:
    # 5 at 10 and 5 at 8 are 90; 4 more at 8 are 32. They count at the mean price before, 4 x 9,
    # and the rest is price: 36 - 4.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-01", 90, quantity=10)
    surface.item("2025-03-01", None, 122, quantity=14)
    assert rows(surface.compute()) == [
        ("2025-01-01", "new", "subscription", "basic", "90"),
        ("2025-03-01", "expansion", "quantity", "basic", "36"),
        ("2025-03-01", "expansion", "price", "basic", "-4"),
    ]


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        # G18 and V3: half of 50.
        ({"amount": 50, "forever_discount": 25}, "25"),
        # G19: 100 / 12 to ten decimals.
        ({"amount": 100, "period_unit": "year"}, "8.3333333333"),
        # V1, V4, V5: 1200 / 12, 120 / 12, 10 less half, (120 - 12) / 12.
        ({"amount": 1200, "period_unit": "year"}, "100"),
        ({"amount": 120, "period_unit": "year"}, "10"),
        ({"amount": 10, "forever_discount": 5}, "5"),
        ({"amount": 120, "period_unit": "year", "forever_discount": 12}, "9"),
        # V22, V22d: 100 less 10%; 90 for three months.
        ({"amount": 100, "forever_discount": 10}, "90"),
        ({"amount": 90, "period_count": 3}, "30"),
        # A day is 365/12 days of a month, two weeks are half of 52/12.
        ({"amount": 1, "period_unit": "day"}, "30.4166666667"),
        ({"amount": 10, "period_unit": "week", "period_count": 2}, "21.6666666667"),
        # More off than there is leaves nothing, not less.
        ({"amount": 10, "forever_discount": 12}, "0"),
        # G43: 1000 yen are 1000.
        ({"amount": 1000, "currency": "JPY"}, "1000"),
    ],
)
def test_a_price_is_brought_to_a_month(price: dict[str, object], expected: str) -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", **price)  # type: ignore[arg-type]
    assert total(surface.compute(), "2025-07-01") == expected


def test_v2_monthly_and_yearly_subscribers_add_up() -> None:
    # 100 x 100 + 50 x 600 / 12 = 10,000 + 2,500.
    surface = SurfaceRows()
    for n in range(150):
        surface.customer(f"c{n}")
        price = {"amount": 100} if n < 100 else {"amount": 600, "period_unit": "year"}
        surface.item("2025-06-01", customer_id=f"c{n}", subscription=f"s{n}", **price)  # type: ignore[arg-type]
    assert total(surface.compute(), "2025-07-01") == "12500"


def test_g20_an_upgrade_within_a_trial_is_new_at_the_new_price() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-01-10", 50, status="trialing")
    surface.item("2025-01-10", "2025-01-15", 90, plan="plus", status="trialing")
    surface.item("2025-01-15", None, 90, plan="plus")
    assert moves(surface.compute()) == [("2025-01-15", "new", "90")]


def test_g21_usage_ends_with_its_subscription() -> None:
    # Billed 40 for January; the subscription ends on 10 February, the last usage is billed then.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-02-10", 0, charge_kind="metered")
    surface.line("usage", 40, "2025-01-01", "2025-02-01")
    surface.line("usage", 13, "2025-02-01", "2025-02-10")
    assert moves(surface.compute(mrr_usage="last_period")) == [
        ("2025-02-01", "new", "40"),
        ("2025-02-10", "churn", "-40"),
    ]


def test_g22_dollars_are_reported_in_euros() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", None, 100)
    rates = [("2025-01-01", "EUR", "0.90")]
    books = surface.compute(rates=rates, base_currency="USD", reporting_currency="EUR")
    assert moves(books, reporting=True) == [("2025-01-01", "new", "90")]


def test_g23_a_subscription_that_came_and_went_is_dated_by_its_own_days() -> None:
    surface = SurfaceRows()
    surface.item("2024-01-10", "2024-09-01")
    assert moves(surface.compute()) == [("2024-01-10", "new", "50"), ("2024-09-01", "churn", "-50")]


def test_g25_and_g26_a_change_of_the_billing_interval_is_a_change_of_plan() -> None:
    # 1200 a year are 100 a month: 20 less than 120.
    yearly, monthly = {"amount": 1200, "period_unit": "year"}, {"amount": 120}
    for before, after, kind, change in (
        (yearly, monthly, "expansion", "20"),
        (monthly, yearly, "contraction", "-20"),
    ):
        surface = SurfaceRows()
        surface.item("2024-03-01", "2025-03-01", **before)  # type: ignore[arg-type]
        surface.item("2025-03-01", **after)  # type: ignore[arg-type]
        books = surface.compute()
        assert moves(books)[1:] == [("2025-03-01", kind, change)]
        assert {m.reason for m in books.movements[1:]} == {"plan"}


def two_subscriptions() -> SurfaceRows:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-04-05", 50)
    surface.item("2025-01-10", "2025-03-05", 30, plan="extra", subscription="s2")
    return surface


def test_g27_only_the_end_of_the_last_subscription_is_churn() -> None:
    assert moves(two_subscriptions().compute()) == [
        ("2025-01-01", "new", "50"),
        ("2025-01-10", "expansion", "30"),
        ("2025-03-05", "contraction", "-30"),
        ("2025-04-05", "churn", "-50"),
    ]


@pytest.mark.parametrize("level", ["subscription", "plan"])
def test_g27_each_subscription_or_plan_may_be_a_unit_of_its_own(level: str) -> None:
    books = two_subscriptions().compute(movement_level=level)
    assert moves(books) == [
        ("2025-01-01", "new", "50"),
        ("2025-01-10", "new", "30"),
        ("2025-03-05", "churn", "-30"),
        ("2025-04-05", "churn", "-50"),
    ]
    units = {"subscription": ["s", "s2"], "plan": ["basic", "extra"]}[level]
    assert [m.level_id for m in books.movements] == [*units, *reversed(units)]


def dollars_to_euros() -> SurfaceRows:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-10", 100, currency="USD")
    surface.item("2025-03-10", None, 90, currency="EUR")
    return surface


def test_g28_from_dollars_to_euros_is_what_the_total_loses() -> None:
    # EUR 90 at 1.10 are USD 99: 1 less, which is EUR 0.9090909091; the other 90.9090909091 moved.
    rates = [("2025-01-01", "USD", "1.10")]
    books = dollars_to_euros().compute(rates=rates, reporting_currency="USD")
    changes = books.movements[1:]
    assert [(m.type, m.reason, m.place.currency, figures(m.amount)) for m in changes] == [
        ("transfer", "currency_change", "EUR", "90.9090909091"),
        ("contraction", "currency_change", "EUR", "-0.9090909091"),
        ("transfer", "currency_change", "USD", "-100"),
    ]
    # At ten decimals of a euro, the dollars are good to nine.
    assert [round(m.reporting_amount, 9) for m in changes] == [100, -1, -100]


def test_g28_and_g42_without_rates_each_currency_is_by_itself() -> None:
    books = dollars_to_euros().compute()
    assert [(m.type, m.place.currency, figures(m.amount)) for m in books.movements] == [
        ("new", "USD", "100"),
        ("expansion", "EUR", "90"),
        ("contraction", "USD", "-100"),
    ]
    assert {m.reason for m in books.movements[1:]} == {"currency_change"}


def test_g29_two_months_for_nothing_are_not_paid() -> None:
    # Free until 1 March by a coupon for two months, then 50; by the list price 50 from the start.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-01", 50, repeating_discount=50)
    surface.item("2025-03-01")
    assert rows(surface.compute()) == [("2025-03-01", "new", "discount", "basic", "50")]
    for discounts in ("none", "forever"):
        assert moves(surface.compute(mrr_discounts=discounts)) == [("2025-01-01", "new", "50")]


def test_g30_the_end_of_a_discount_is_expansion_or_a_type_of_its_own() -> None:
    # 20% off 50 for three months: 40, then 10 more.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-04-01", 50, repeating_discount=10)
    surface.item("2025-04-01")
    assert rows(surface.compute()) == [
        ("2025-01-01", "new", "subscription", "basic", "40"),
        ("2025-04-01", "expansion", "discount", "basic", "10"),
    ]
    books = surface.compute(discount_as_movement="separate_type")
    assert moves(books)[1:] == [("2025-04-01", "discount", "10")]


def test_g31_and_g32_a_discount_used_once_moves_nothing_unless_all_count() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-02-01")
    surface.item("2025-02-01", "2025-03-01", once_discount=50)
    surface.item("2025-03-01")
    assert moves(surface.compute()) == [("2025-01-01", "new", "50")]
    assert moves(surface.compute(mrr_discounts="all"))[1:] == [
        ("2025-02-01", "churn", "-50"),
        ("2025-03-01", "reactivation", "50"),
    ]


def test_g33_contraction_and_churn_in_one_month_are_one_churn_when_months_are_netted() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-10", 100)
    surface.item("2025-03-10", "2025-03-20", 60)
    assert moves(surface.compute())[1:] == [
        ("2025-03-10", "contraction", "-40"),
        ("2025-03-20", "churn", "-60"),
    ]
    books = surface.compute(netting="month")
    assert moves(books) == [("2025-01-01", "new", "100"), ("2025-03-01", "churn", "-100")]
    # Every day of the month shows the state at its end.
    assert (total(books, "2025-02-28"), total(books, "2025-03-05")) == ("100", "0")


def test_g34_a_cancellation_taken_back_is_nothing() -> None:
    # Taken back, nothing of the request is left in the rows.
    surface = SurfaceRows()
    surface.item("2025-01-01")
    assert moves(surface.compute(churn_date="cancel_requested")) == [("2025-01-01", "new", "50")]


def test_g35_the_end_of_the_last_of_january_is_the_first_of_february() -> None:
    # Asked for on 10 January, paid to the end of January, ended by the engine hours later.
    surface = SurfaceRows()
    surface.item(
        "2025-01-01",
        "2025-02-01",
        cancel_requested_at=at("2025-01-10 15:00"),
        cancel_effective_at=at("2025-02-02 03:00"),
    )
    books = surface.compute()
    assert moves(books)[1:] == [("2025-02-01", "churn", "-50")]
    assert total(books, "2025-01-31") == "50"
    for churn_date, day in (("cancel_effective", "2025-02-02"), ("cancel_requested", "2025-01-10")):
        assert moves(surface.compute(churn_date=churn_date))[1:] == [(day, "churn", "-50")]


def test_g36_past_due_counts_keeps_counting_never_counts_or_counts_for_some_days() -> None:
    # Past due from 5 March, cancelled on 4 April; 15 days after 5 March is 20 March.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-05")
    surface.item("2025-03-05", "2025-03-12", status="past_due")
    # The price changes meanwhile: the wait goes on.
    surface.item("2025-03-12", "2025-04-04", status="past_due", forever_discount=10)
    assert moves(surface.compute())[-1] == ("2025-04-04", "churn", "-40")
    assert moves(surface.compute(mrr_past_due="exclude"))[-1] == ("2025-03-05", "churn", "-50")
    books = surface.compute(mrr_past_due="churn_after_days(15)")
    assert moves(books)[-1] == ("2025-03-20", "churn", "-40")
    # Longer than it lasts, it is as if all of it counted.
    patient = surface.compute(mrr_past_due="churn_after_days(60)")
    assert moves(patient)[-1] == ("2025-04-04", "churn", "-40")


def test_g37_coming_back_is_reactivation_or_after_a_long_time_new() -> None:
    # Away from 1 January to 1 April, 90 days.
    surface = SurfaceRows()
    surface.item("2024-06-01", "2025-01-01")
    surface.item("2025-04-01")
    for gap, kind in ((None, "reactivation"), (90, "reactivation"), (89, "new")):
        books = surface.compute(reactivation_max_gap_days=gap)
        assert moves(books)[-1] == ("2025-04-01", kind, "50")


def test_g38_what_was_recorded_later_was_not_known() -> None:
    surface = SurfaceRows()
    surface.item("2025-02-01", recorded_at=at("2025-04-10"))
    assert moves(surface.compute()) == [("2025-02-01", "new", "50")]
    assert moves(surface.compute(as_reported_at="2025-03-31T00:00:00Z")) == []
    assert moves(surface.compute(as_reported_at="2025-04-10T00:00:00Z")) != []


def test_g39_a_full_refund_voids_what_was_refunded_if_refunds_count() -> None:
    # January is charged 50 and given back; the subscription goes on.
    surface = SurfaceRows()
    surface.item("2025-01-01")
    surface.line("recurring", 60, "2025-01-01", "2025-02-01", discount=10, refunded=50)
    surface.line("recurring", 50, "2025-02-01", "2025-03-01", refunded=49)
    assert moves(surface.compute()) == [("2025-01-01", "new", "50")]
    books = surface.compute(refunds="full_refund_voids")
    assert moves(books) == [("2025-02-01", "new", "50")]


def test_g39_refunded_and_cancelled_the_same_day_is_nothing() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-05 09:00", "2025-01-05 17:00")
    surface.line("recurring", 50, "2025-01-05", "2025-02-05", refunded=50)
    assert surface.compute().movements == []
    assert moves(surface.compute(netting="none")) == [
        ("2025-01-05", "new", "50"),
        ("2025-01-05", "churn", "-50"),
    ]


def test_g40_a_plan_swap_at_the_same_price_only_moves_money() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-10", 50, plan="a")
    surface.item("2025-03-10", None, 50, plan="b")
    assert rows(surface.compute())[1:] == [
        ("2025-03-10", "transfer", "plan", "b", "50"),
        ("2025-03-10", "transfer", "plan", "a", "-50"),
    ]
    # Where each plan is a unit of its own, one is left and the other begun.
    assert rows(surface.compute(movement_level="plan"))[1:] == [
        ("2025-03-10", "churn", "plan", "a", "-50"),
        ("2025-03-10", "new", "plan", "b", "50"),
    ]


def test_g41_seats_count_at_the_price_before_and_the_price_at_the_seats_after() -> None:
    # 10 x 10 to 15 x 9: 5 x 10 = 50 by quantity, 15 x -1 = -15 by price.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-15", 100, quantity=10)
    surface.item("2025-03-15", None, 135, quantity=15)
    assert rows(surface.compute())[1:] == [
        ("2025-03-15", "expansion", "quantity", "basic", "50"),
        ("2025-03-15", "expansion", "price", "basic", "-15"),
    ]


def test_with_a_plan_change_the_plan_comes_first_at_the_old_quantity() -> None:
    # 2 x 10 to 3 x 12 on another plan with 6 off: plan 2 x 2 = 4, quantity 1 x 12, discount -6.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-15", 20, quantity=2, plan="a")
    surface.item("2025-03-15", None, 36, quantity=3, plan="b", forever_discount=6)
    assert rows(surface.compute())[1:] == [
        ("2025-03-15", "transfer", "plan", "b", "20"),
        ("2025-03-15", "expansion", "quantity", "b", "12"),
        ("2025-03-15", "expansion", "plan", "b", "4"),
        ("2025-03-15", "expansion", "discount", "b", "-6"),
        ("2025-03-15", "transfer", "plan", "a", "-20"),
    ]


def test_g45_a_deleted_customer_keeps_its_history() -> None:
    surface = SurfaceRows()
    surface.rows["customers"][0]["deleted_at"] = at("2025-04-01")
    surface.item("2025-01-01", "2025-03-01")
    assert moves(surface.compute()) == [("2025-01-01", "new", "50"), ("2025-03-01", "churn", "-50")]


def test_g48_a_day_is_cut_in_the_reporting_zone_or_in_the_tenants_own() -> None:
    surface = SurfaceRows()
    surface.item("2025-02-01 02:00")
    new_york = surface.compute(reporting_timezone="America/New_York")
    assert moves(new_york) == [("2025-01-31", "new", "50")]
    assert new_york.day(at("2025-02-01 02:00")) == date(2025, 1, 31)
    own = surface.compute(tenant_timezones=["t=America/New_York"])
    assert moves(own) == [("2025-01-31", "new", "50")]


def test_v11_and_v21_more_units_are_expansion_when_they_come() -> None:
    # 10 to 13 at 5 on 5 April: 15 more. At the next period, 1 May, if so agreed.
    for day in ("2025-04-05", "2025-05-01"):
        surface = SurfaceRows()
        surface.item("2025-01-01", day, 50, quantity=10)
        surface.item(day, None, 65, quantity=13)
        assert moves(surface.compute())[1:] == [(day, "expansion", "15")]


def test_v18_usage_of_a_period_counts_in_the_next_one_if_it_counts() -> None:
    # 20 a month; 30 of usage in January is billed on 1 February and holds for twice its 31 days,
    # to 4 April, since nothing is billed after it.
    surface = SurfaceRows()
    surface.item("2025-01-01", None, 20)
    surface.line("usage", 35, "2025-01-01", "2025-02-01", discount=5)
    assert moves(surface.compute()) == [("2025-01-01", "new", "20")]
    assert rows(surface.compute(mrr_usage="last_period"))[1:] == [
        ("2025-02-01", "expansion", "usage", "basic", "30"),
        ("2025-04-04", "contraction", "usage", "basic", "-30"),
    ]


def test_v22e_a_prorated_charge_is_not_the_price() -> None:
    # Bronze 50, a second seat on 16 March: 100 from then on, whatever the charge of 25.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-16", 50)
    surface.item("2025-03-16", None, 100, quantity=2)
    surface.line("recurring", 25, "2025-03-16", "2025-04-01")
    assert moves(surface.compute())[1:] == [("2025-03-16", "expansion", "50")]


def test_now_is_the_end_of_what_has_happened() -> None:
    # At 08:00 the change of 09:00 has not come; it is known as a state of the future.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-10 09:00", 50)
    surface.item("2025-03-10 09:00", None, 80, plan="b")
    eight = datetime(2025, 3, 10, 8, tzinfo=UTC)
    books = surface.compute(as_of=eight)
    assert moves(books) == [("2025-01-01", "new", "50")]
    (later,) = books.states(UNIT, at("2025-03-10 09:00"))
    assert later.mrr == Decimal(80)
    at_nine = surface.compute(as_of=at("2025-03-10 09:00"))
    assert moves(at_nine)[1:] == [("2025-03-10", "expansion", "30")]
