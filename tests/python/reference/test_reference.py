"""The golden cases as raw Lago rows; every expected number is worked out by hand beside it."""

from datetime import date
from decimal import Decimal

from .builders import RawLago, at, figures, moves, total


def day(text: str) -> date:
    return date.fromisoformat(text)


def test_g1_two_plan_changes_in_a_row_are_two_expansions() -> None:
    # 50 from 1 January, 90 from 10 February (+40), 120 from 5 March (+30).
    # An upgrade starts its row some milliseconds before the old row ends.
    lago = RawLago()
    fifty, ninety, most = (lago.plan(c, a) for c, a in (("a", 5000), ("b", 9000), ("c", 12000)))
    c = lago.customer()
    s1 = lago.subscription(c, fifty, "2025-01-01", "2025-02-10 10:00:00.007")
    s2 = lago.subscription(
        c,
        ninety,
        "2025-02-10 10:00",
        "2025-03-05 09:00:00.003",
        previous_subscription_id=s1["id"],
    )
    lago.subscription(c, most, "2025-03-05 09:00", previous_subscription_id=s2["id"])
    result = lago.compute()
    assert moves(result) == [
        ("2025-01-01", "new", "50"),
        ("2025-02-10", "expansion", "40"),
        ("2025-03-05", "expansion", "30"),
    ]
    assert total(result, "2025-07-01") == "120"
    # On the day of the change the plan's money moves whole: -50 on a, +90 on b.
    assert {d[2]: a for d, a in result.movements[1].changes.items()} == {"a": -50, "b": 90}


def test_g2_an_unconverted_trial_gives_nothing() -> None:
    # Ten days of trial from 10 January end at 20 January 00:00, the instant of the cancellation.
    lago = RawLago()
    plan = lago.plan("a", 5000, trial_period=10.0)
    lago.subscription(lago.customer(), plan, "2025-01-10", "2025-01-20")
    result = lago.compute()
    assert moves(result) == []
    assert result.level_changes == []


def test_g4_a_waterfall_opens_where_the_month_before_closed() -> None:
    # 100 from 1 January: January 0 + 100 new = 100, February opens at 100 with no change.
    lago = RawLago()
    lago.subscription(lago.customer(), lago.plan("a", 10000), "2025-01-01")
    result = lago.compute()
    rows = result.waterfall_totals("month")
    january, february = rows[day("2025-01-01"), "org", "USD"], rows[day("2025-02-01"), "org", "USD"]
    assert figures(january.opening, january.new, january.closing) == "0 100 100"
    assert figures(february.opening, february.new, february.closing) == "100 0 100"
    # January to July, the last one up to now: seven months.
    assert len(rows) == 7
    (dimensions,) = result.levels(day("2025-02-01"))
    assert dimensions == ("lago", "org", "a", "a", "USD", "DE", "month")
    row = result.waterfall("month")[day("2025-01-01"), dimensions]
    assert figures(row.opening, row.change, row.closing) == "0 100 100"


def test_g5_a_churn_at_the_first_instant_of_march_is_in_march() -> None:
    # Ends 1 March 00:00: alive at the end of 28 February, gone at the end of 1 March.
    lago = RawLago()
    lago.subscription(lago.customer(), lago.plan("a", 5000), "2025-01-01", "2025-03-01")
    result = lago.compute()
    rows = result.waterfall_totals("month")
    assert rows[day("2025-02-01"), "org", "USD"].churn == 0
    assert total(result, "2025-02-28") == "50"
    assert rows[day("2025-03-01"), "org", "USD"].churn == 50
    assert moves(result)[-1] == ("2025-03-01", "churn", "-50")
    assert len(result.active_customers(day("2025-02-28"))["org"]) == 1
    assert result.active_customers(day("2025-03-01")) == {}


def test_g9_a_seat_change_counts_on_its_own_day() -> None:
    # A seat costs 50: 1 seat from 10 January = 50, 5 seats from 15 April = 250, so +200.
    lago = RawLago()
    plan = lago.plan("a", 0)
    seats = lago.fixed_charge(plan, {"amount": "50"}, units=1)
    s = lago.subscription(lago.customer(), plan, "2025-01-10")
    lago.set_units(s, seats, "2025-01-10", 1)
    lago.set_units(s, seats, "2025-04-15 08:00", 5)
    assert moves(lago.compute()) == [
        ("2025-01-10", "new", "50"),
        ("2025-04-15", "expansion", "200"),
    ]


def test_g11_free_then_paid_is_new_when_paid() -> None:
    # The free plan has MRR 0; 50 from 1 March is the customer's first MRR.
    lago = RawLago()
    c = lago.customer()
    s1 = lago.subscription(c, lago.plan("free", 0), "2025-01-01", "2025-03-01")
    lago.subscription(c, lago.plan("paid", 5000), "2025-03-01", previous_subscription_id=s1["id"])
    assert moves(lago.compute()) == [("2025-03-01", "new", "50")]


def test_g13_cancel_and_return_on_one_day_at_the_same_price_is_nothing() -> None:
    lago = RawLago()
    c, plan = lago.customer(), lago.plan("a", 5000)
    lago.subscription(c, plan, "2025-01-01", "2025-03-10 09:00")
    lago.subscription(c, plan, "2025-03-10 17:00")
    assert moves(lago.compute()) == [("2025-01-01", "new", "50")]


def test_g14_cancel_and_return_on_one_day_at_a_higher_price_is_an_expansion() -> None:
    # 50 at the end of 9 March, 80 at the end of 10 March: +30.
    lago = RawLago()
    c = lago.customer()
    lago.subscription(c, lago.plan("a", 5000), "2025-01-01", "2025-03-10 09:00")
    lago.subscription(c, lago.plan("b", 8000), "2025-03-10 17:00")
    assert moves(lago.compute())[1:] == [("2025-03-10", "expansion", "30")]


def test_g18_a_forever_coupon_halves() -> None:
    # 50 - 50% = 25 from the first day on.
    lago = RawLago()
    c = lago.customer()
    lago.subscription(c, lago.plan("a", 5000), "2025-01-01")
    lago.coupon(c, "2025-01-01", "forever", percent="50.00000")
    assert moves(lago.compute()) == [("2025-01-01", "new", "25")]
    assert moves(lago.compute(mrr_discounts="none")) == [("2025-01-01", "new", "50")]


def test_g19_a_hundred_a_year_keeps_ten_decimals() -> None:
    # 100 / 12 = 8.33333333333..., kept as 8.3333333333.
    lago = RawLago()
    lago.subscription(lago.customer(), lago.plan("a", 10000, "yearly"), "2025-01-01")
    result = lago.compute()
    assert total(result, "2025-01-01") == "8.3333333333"
    assert next(iter(result.levels(day("2025-01-01"))))[6] == "year"


def test_g20_an_upgrade_inside_a_trial_is_new_at_the_new_price() -> None:
    # Both plans have 14 days of trial, counted from the first start on 1 January: until 15 January.
    lago = RawLago()
    c = lago.customer()
    small, big = (lago.plan(x, a, trial_period=14.0) for x, a in (("a", 5000), ("b", 9000)))
    s1 = lago.subscription(c, small, "2025-01-01", "2025-01-08 12:00")
    lago.subscription(c, big, "2025-01-08 11:59:59.990", previous_subscription_id=s1["id"])
    assert moves(lago.compute()) == [("2025-01-15", "new", "90")]
    # Counted from the subscription's start: 50 on 1 January, +40 on 8 January.
    assert moves(lago.compute(mrr_start_at="subscription_start")) == [
        ("2025-01-01", "new", "50"),
        ("2025-01-08", "expansion", "40"),
    ]


def test_g27_a_second_subscription_is_expansion_and_its_end_contraction() -> None:
    lago = RawLago()
    c = lago.customer()
    lago.subscription(c, lago.plan("a", 5000), "2025-01-01", "2025-05-05", external_id="one")
    lago.subscription(c, lago.plan("b", 3000), "2025-01-06", "2025-03-03", external_id="two")
    result = lago.compute()
    assert moves(result) == [
        ("2025-01-01", "new", "50"),
        ("2025-01-06", "expansion", "30"),
        ("2025-03-03", "contraction", "-30"),
        ("2025-05-05", "churn", "-50"),
    ]
    counts = dict(result.active_counts())
    assert [counts[day(d)] for d in ("2025-05-04", "2025-05-05")] == [{"org": 1}, {}]


def test_g29_a_hundred_percent_off_for_two_months_is_new_afterwards() -> None:
    # Used on the invoices of January and February, so it ends with February.
    lago = RawLago()
    c = lago.customer()
    s = lago.subscription(c, lago.plan("a", 5000), "2025-01-01")
    coupon = lago.coupon(
        c,
        "2025-01-01",
        "recurring",
        percent=100,
        remaining=0,
        status=1,
        terminated_at=at("2025-02-01"),
    )
    lago.use(coupon, lago.invoice(s, "2025-01-01", "2025-01-31"))
    lago.use(coupon, lago.invoice(s, "2025-02-01", "2025-02-28"))
    assert moves(lago.compute()) == [("2025-03-01", "new", "50")]
    assert moves(lago.compute(mrr_discounts="none")) == [("2025-01-01", "new", "50")]


def test_g30_twenty_percent_off_for_three_months_then_expands() -> None:
    # 50 - 20% = 40 in January to March, 50 from 1 April: +10.
    lago = RawLago()
    c = lago.customer()
    s = lago.subscription(c, lago.plan("a", 5000), "2025-01-01")
    coupon = lago.coupon(
        c,
        "2025-01-01",
        "recurring",
        percent=20,
        remaining=0,
        status=1,
        terminated_at=at("2025-03-01 00:10"),
    )
    for first, last in (("01-01", "01-31"), ("02-01", "02-28"), ("03-01", "03-31")):
        lago.use(coupon, lago.invoice(s, f"2025-{first}", f"2025-{last}"))
    assert moves(lago.compute()) == [
        ("2025-01-01", "new", "40"),
        ("2025-04-01", "expansion", "10"),
    ]


def test_g31_and_g32_once_coupons_do_not_move_mrr() -> None:
    # G31: half of January; G32: all of March. With `all` they do: 25, +25, then 50 lost and back.
    lago = RawLago()
    c = lago.customer()
    s = lago.subscription(c, lago.plan("a", 5000), "2025-01-01")
    for percent, first, last in (
        (50, "2025-01-01", "2025-01-31"),
        (100, "2025-03-01", "2025-03-31"),
    ):
        coupon = lago.coupon(
            c, first, "once", percent=percent, status=1, terminated_at=at(f"{first} 00:10")
        )
        lago.use(coupon, lago.invoice(s, first, last))
    assert moves(lago.compute()) == [("2025-01-01", "new", "50")]
    assert moves(lago.compute(mrr_discounts="all")) == [
        ("2025-01-01", "new", "25"),
        ("2025-02-01", "expansion", "25"),
        ("2025-03-01", "churn", "-50"),
        ("2025-04-01", "reactivation", "50"),
    ]


def test_g33_a_contraction_then_a_churn_in_one_month() -> None:
    # 100 -> 60 on the 10th (-40), gone on the 20th (-60): 100 lost in March.
    lago = RawLago()
    c = lago.customer()
    s1 = lago.subscription(c, lago.plan("a", 10000), "2025-01-01", "2025-03-10")
    lago.subscription(
        c,
        lago.plan("b", 6000),
        "2025-03-10",
        "2025-03-20 15:00",
        previous_subscription_id=s1["id"],
    )
    result = lago.compute()
    assert moves(result)[1:] == [
        ("2025-03-10", "contraction", "-40"),
        ("2025-03-20", "churn", "-60"),
    ]
    march = result.waterfall_totals("month")[day("2025-03-01"), "org", "USD"]
    steps = (march.opening, march.contraction, march.churn, march.closing)
    assert figures(*steps) == "100 40 60 0"


def test_g34_a_withdrawn_cancellation_leaves_no_trace() -> None:
    # Un-cancelling empties ending_at; only the final row is known.
    lago = RawLago()
    lago.subscription(lago.customer(), lago.plan("a", 5000), "2025-01-01", ending_at=None)
    assert moves(lago.compute()) == [("2025-01-01", "new", "50")]


def test_g35_a_cancellation_at_the_end_of_january_is_february_churn() -> None:
    # Planned for 31 January 24:00; the job ran at 00:17 on 1 February and counts at the plan.
    lago = RawLago()
    lago.subscription(
        lago.customer(),
        lago.plan("a", 5000),
        "2025-01-01",
        "2025-02-01 00:17",
        ending_at=at("2025-02-01"),
    )
    result = lago.compute()
    assert moves(result)[-1] == ("2025-02-01", "churn", "-50")
    assert total(result, "2025-01-31") == "50"


def test_g40_a_swap_at_the_same_price_only_moves_money_between_plans() -> None:
    lago = RawLago()
    c = lago.customer()
    s1 = lago.subscription(c, lago.plan("a", 5000), "2025-01-01", "2025-02-15 10:00")
    lago.subscription(
        c, lago.plan("b", 5000), "2025-02-15 09:59:59.9", previous_subscription_id=s1["id"]
    )
    result = lago.compute()
    assert moves(result)[1:] == [("2025-02-15", "transfer", "0")]
    assert {d[2]: a for d, a in result.movements[1].changes.items()} == {"a": -50, "b": 50}
    assert result.waterfall_totals("month")[day("2025-02-01"), "org", "USD"].closing == 50


def test_g41_more_seats_at_a_lower_price_is_one_expansion() -> None:
    # 10 x 10 = 100, then 15 x 9 = 135 on the same day: +35. Both prices were captured.
    lago = RawLago()
    plan = lago.plan("a", 0)
    seats = lago.fixed_charge(plan, {"amount": "9"}, units=10)
    s = lago.subscription(lago.customer(), plan, "2025-01-01")
    lago.set_units(s, seats, "2025-01-01", 10)
    lago.set_units(s, seats, "2025-03-05 10:00", 15)
    lago.capture("fixed_charges", seats, "2025-02-01", properties={"amount": "10"})
    lago.capture("fixed_charges", seats, "2025-03-05 23:00")
    assert moves(lago.compute()) == [
        ("2025-01-01", "new", "100"),
        ("2025-03-05", "expansion", "35"),
    ]


def test_g43_yen_have_no_minor_unit() -> None:
    lago = RawLago()
    lago.subscription(lago.customer(), lago.plan("a", 1000, amount_currency="JPY"), "2025-01-01")
    result = lago.compute()
    assert moves(result) == [("2025-01-01", "new", "1000")]
    assert result.movements[0].currency == "JPY"


def test_g44_month_end_anchors_leave_no_gaps() -> None:
    # 31 January monthly: periods 31 Jan to 27 Feb, 28 Feb to 30 Mar, and so on, at 50;
    # 29 February 2024 yearly: 120 a year = 10 a month.
    lago = RawLago()
    monthly = lago.subscription(lago.customer(), lago.plan("a", 5000), "2025-01-31", billing_time=1)
    for first, last in (("01-31", "02-27"), ("02-28", "03-30"), ("03-31", "04-29")):
        lago.fee(monthly, f"2025-{first}", f"2025-{last}", 5000)
    yearly = lago.subscription(
        lago.customer(), lago.plan("b", 12000, "yearly"), "2024-02-29", billing_time=1
    )
    lago.fee(yearly, "2024-02-29", "2025-02-27", 12000)
    lago.fee(yearly, "2025-02-28", "2026-02-27", 12000)
    assert moves(lago.compute()) == [("2024-02-29", "new", "10"), ("2025-01-31", "new", "50")]


def test_g45_a_customer_deleted_after_churn_keeps_its_history() -> None:
    lago = RawLago()
    c = lago.customer(deleted_at=at("2025-03-02"))
    plan = lago.plan("a", 5000, deleted_at=at("2025-03-02"))
    lago.subscription(c, plan, "2025-01-01", "2025-03-01 10:00")
    result = lago.compute()
    assert moves(result) == [("2025-01-01", "new", "50"), ("2025-03-01", "churn", "-50")]
    assert set(result.levels(day("2025-02-01")).values()) == {Decimal(50)}


def test_g48_an_instant_falls_on_the_day_of_the_reporting_zone() -> None:
    # 02:00 UTC on 1 February is still 31 January in New York.
    lago = RawLago()
    lago.subscription(lago.customer(), lago.plan("a", 5000), "2025-02-01 02:00")
    assert moves(lago.compute()) == [("2025-02-01", "new", "50")]
    in_new_york = lago.compute(reporting_timezone="America/New_York")
    assert moves(in_new_york) == [("2025-01-31", "new", "50")]
