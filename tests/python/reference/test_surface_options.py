"""What each option changes, case by case; every expected number is worked out by hand."""

from datetime import date
from decimal import Decimal

import pytest
import yaml

from project import ROOT

from .surface.builders import SurfaceRows, at, figures, moves, rows, total
from .surface.options import Options

UNIT = ("engine", "t", "acme")
NEW = ("2025-01-01", "new", "50")


def test_the_defaults_are_the_projects() -> None:
    variables = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]
    assert Options.of(variables) == Options()


def test_options_are_read_from_dbt_vars() -> None:
    options = Options.of(
        {
            "tidemill_billing_sources": ["lago"],
            "tidemill_lago_schema": "public",
            "tidemill_mrr_past_due": "churn_after_days(15)",
            "tidemill_mrr_usage": "trailing_3",
            "tidemill_net_includes_reactivation": "true",
            "tidemill_discount_as_movement": True,
            "tidemill_gross_margin": 0.8,
            "tidemill_retention_window_months": [3],
            "tidemill_trial_rate": "within_days(14)",
            "tidemill_cohort_by": "attribute:channel",
            "tidemill_as_reported_at": "2025-03-31",
        }
    )
    assert options == Options(
        mrr_past_due="churn_after_days(15)",
        mrr_usage="trailing_3",
        net_includes_reactivation=True,
        gross_margin=Decimal("0.8"),
        retention_window_months=(3,),
        trial_rate="within_days(14)",
        cohort_by="attribute:channel",
        as_reported_at=at("2025-03-31"),
    )
    assert (options.past_due_days, options.usage_periods) == (15, 3)
    assert (options.within_days, options.cohort_attribute) == (14, "channel")


@pytest.mark.parametrize(
    "contradiction",
    [
        {"discount_as_movement": "separate_type", "mrr_discounts": "none"},
        {"mrr_start_at": "subscription_start"},
        {"fx_mode": "month_end"},
        {"free_to_paid": "expansion", "movement_level": "plan"},
        {"paid_to_free": "contraction", "movement_level": "plan"},
        {"paid_to_free": "contraction", "movement_level": "subscription"},
        {"mrr_pausd": "keep"},
    ],
)
def test_contradictions_and_unknown_options_are_refused(contradiction: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="option"):
        Options.of({f"tidemill_{name}": value for name, value in contradiction.items()})


def test_a_trial_counts_from_the_start_if_the_subscription_does() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-01-15", status="trialing")
    surface.item("2025-01-15")
    books = surface.compute(mrr_start_at="subscription_start", trial_converted_when="first_payment")
    assert moves(books) == [NEW]


def test_nothing_counts_before_the_first_payment_if_that_is_when_it_starts() -> None:
    # The charge of nothing on 2 January is no payment; the second one is paid first.
    surface = SurfaceRows()
    surface.item("2025-01-01")
    surface.line("recurring", 5, "2025-01-01", "2025-02-01", discount=5, paid_at=at("2025-01-02"))
    surface.line("recurring", 50, "2025-01-01", "2025-02-01", paid_at=at("2025-03-01"))
    surface.line("recurring", 50, "2025-02-01", "2025-03-01", paid_at=at("2025-02-03 10:00"))
    surface.line("one_off", 50, "2025-01-01", "2025-02-01", paid_at=at("2025-01-03"))
    assert moves(surface.compute(mrr_start_at="first_payment")) == [("2025-02-03", "new", "50")]
    never = SurfaceRows()
    never.item("2025-01-01")
    assert moves(never.compute(mrr_start_at="first_payment")) == []


def test_a_commitment_counts_unless_left_out() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", amount=30)
    surface.item("2025-01-01", amount=20, item_id="s:commitment", charge_kind="commitment")
    assert moves(surface.compute()) == [NEW]
    assert moves(surface.compute(mrr_commitments="exclude")) == [("2025-01-01", "new", "30")]


@pytest.mark.parametrize(
    ("factor", "expected"), [("52/12", "43.3333333333"), ("4.33", "43.3"), ("4", "40")]
)
def test_a_week_is_what_the_factor_says(factor: str, expected: str) -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", amount=10, period_unit="week")
    assert total(surface.compute(week_factor=factor), "2025-07-01") == expected


def test_tax_counts_at_the_rate_that_was_charged() -> None:
    # Before the first charge its 19%, from 1 March 10.5 of 50 = 21%; list 60, net 50.
    surface = SurfaceRows()
    surface.item("2025-01-01", amount=60, forever_discount=10)
    surface.line("recurring", 60, "2025-02-01", "2025-03-01", discount=10, tax="9.5")
    surface.line("recurring", 20, "2025-03-01", "2025-04-01", tax="10.5")
    surface.line("recurring", 30, "2025-03-01", "2025-04-01")
    surface.line("usage", 30, "2025-03-01", "2025-04-01", tax=30)
    books = surface.compute(mrr_tax="include")
    # The list price rises by 60 x 2% = 1.2, the discount by 0.2.
    assert rows(books) == [
        ("2025-01-01", "new", "subscription", "basic", "59.5"),
        ("2025-03-01", "expansion", "price", "basic", "1.2"),
        ("2025-03-01", "expansion", "discount", "basic", "-0.2"),
    ]
    assert moves(surface.compute()) == [NEW]


def usage_of_three_months() -> SurfaceRows:
    surface = SurfaceRows()
    surface.item("2025-01-01", amount=20)
    for amount, first, last in (
        (30, "2025-01-01", "2025-02-01"),
        (60, "2025-02-01", "2025-03-01"),
        (90, "2025-03-01", "2025-04-01"),
    ):
        surface.line("usage", amount, first, last)
    return surface


def test_usage_may_be_the_mean_of_the_last_periods() -> None:
    # 30, then (30 + 60) / 2 = 45, then (60 + 90) / 2 = 75; from 1 April for 62 days, to 2 June.
    books = usage_of_three_months().compute(mrr_usage="trailing_2")
    assert rows(books)[1:] == [
        ("2025-02-01", "expansion", "usage", "basic", "30"),
        ("2025-03-01", "expansion", "usage", "basic", "15"),
        ("2025-04-01", "expansion", "usage", "basic", "30"),
        ("2025-06-02", "contraction", "usage", "basic", "-75"),
    ]
    # Of three that exist: (30 + 60 + 90) / 3.
    books = usage_of_three_months().compute(mrr_usage="trailing_24")
    assert total(books, "2025-04-01") == "80"


def test_usage_may_be_a_product_of_its_own() -> None:
    books = usage_of_three_months().compute(mrr_usage="component")
    level = books.level(UNIT, date(2025, 3, 15))
    assert {place.product: figures(mrr) for place, mrr in level.items()} == {
        "basic": "20",
        "usage": "60",
    }


def test_a_customer_may_be_left_out_by_id_by_external_id_or_by_attribute() -> None:
    for text in ("other", "their-own", "plan=test", "seats=3", "demo=true"):
        surface = SurfaceRows()
        attributes = {"plan": "test", "seats": 3, "demo": True}
        surface.customer("other", external_id="their-own", attributes=attributes)
        surface.item("2025-01-01")
        surface.item("2025-01-01", customer_id="other", subscription="s2")
        books = surface.compute(exclude_customers=[text])
        assert books.units() == [UNIT]
        assert moves(books) == [NEW]
    assert len(surface.compute(exclude_customers=["plan=tests"]).units()) == 2


def test_what_the_engine_excludes_stays_out() -> None:
    surface = SurfaceRows()
    surface.customer("partner", is_excluded=True)
    surface.item("2025-01-01", customer_id="partner")
    assert surface.compute().movements == []


def paid_free_paid(free_until: str = "2025-05-01") -> SurfaceRows:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-01", 50)
    surface.item("2025-03-01", free_until, 0, plan="free")
    surface.item("2025-05-01", None, 60)
    return surface


def test_from_paid_to_free_is_churn_or_a_contraction_that_keeps_the_customer() -> None:
    assert moves(paid_free_paid().compute())[1:] == [
        ("2025-03-01", "churn", "-50"),
        ("2025-05-01", "reactivation", "60"),
    ]
    books = paid_free_paid().compute(paid_to_free="contraction")
    assert moves(books)[1:] == [
        ("2025-03-01", "contraction", "-50"),
        ("2025-05-01", "expansion", "60"),
    ]
    days = [date(2025, 2, 28), date(2025, 3, 1), date(2025, 4, 30), date(2025, 5, 1)]
    assert [books.is_kept(UNIT, day) for day in days] == [False, True, True, False]


def test_who_gives_up_the_free_plan_too_is_kept_no_longer() -> None:
    books = paid_free_paid("2025-04-01").compute(paid_to_free="contraction")
    assert moves(books)[1:] == [
        ("2025-03-01", "contraction", "-50"),
        ("2025-05-01", "reactivation", "60"),
    ]
    assert books.is_kept(UNIT, date(2025, 3, 31))
    assert not books.is_kept(UNIT, date(2025, 4, 1))


def test_a_pause_is_no_free_plan() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-01")
    surface.item("2025-03-01", "2025-05-01", status="paused")
    surface.item("2025-05-01")
    books = surface.compute(paid_to_free="contraction", free_to_paid="expansion")
    assert [kind for _, kind, _ in moves(books)] == ["new", "churn", "reactivation"]


def test_a_discount_of_a_type_of_its_own_leaves_the_rest_to_its_sign() -> None:
    # 50 to 55 less 10: the price rises by 5, the discount takes 10; the total falls.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-01", 50)
    surface.item("2025-03-01", None, 55, forever_discount=10)
    assert rows(surface.compute())[1:] == [
        ("2025-03-01", "contraction", "price", "basic", "5"),
        ("2025-03-01", "contraction", "discount", "basic", "-10"),
    ]
    assert rows(surface.compute(discount_as_movement="separate_type"))[1:] == [
        ("2025-03-01", "expansion", "price", "basic", "5"),
        ("2025-03-01", "discount", "discount", "basic", "-10"),
    ]


def test_a_discount_that_makes_it_free_is_churn_in_any_case() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-01")
    surface.item("2025-03-01", forever_discount=50)
    books = surface.compute(discount_as_movement="separate_type")
    assert rows(books)[1:] == [("2025-03-01", "churn", "discount", "basic", "-50")]


def test_changes_within_an_hour_of_each_other_are_one_however_long_the_chain() -> None:
    # 22:50, 23:40 and 00:30 are one window of 2 March; 01:31 is 61 minutes later.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-02 22:50", 50)
    surface.item("2025-03-02 22:50", "2025-03-02 23:40", 90)
    surface.item("2025-03-02 23:40", "2025-03-03 00:30", 40)
    surface.item("2025-03-03 00:30", "2025-03-03 01:31", 60)
    surface.item("2025-03-03 01:31", None, 70)
    assert moves(surface.compute(netting="60min")) == [
        NEW,
        ("2025-03-02", "expansion", "10"),
        ("2025-03-03", "expansion", "10"),
    ]
    assert [amount for _, _, amount in moves(surface.compute(netting="none"))[1:]] == [
        # What is of one day and type is shown together: +20 and +10 on the 3rd.
        "40",
        "-50",
        "30",
    ]


def test_gain_and_loss_on_one_day_are_shared_by_what_gained() -> None:
    # a loses 30; b gains 40 and c gains 20: of the 30 in total b has 20 and c has 10.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-10", 30, plan="a", subscription="a")
    surface.item("2025-03-10", None, 40, plan="b", subscription="b")
    surface.item("2025-03-10", None, 20, plan="c", subscription="c")
    assert rows(surface.compute())[1:] == [
        ("2025-03-10", "expansion", "subscription", "b", "20"),
        ("2025-03-10", "transfer", "subscription", "b", "20"),
        ("2025-03-10", "expansion", "subscription", "c", "10"),
        ("2025-03-10", "transfer", "subscription", "c", "10"),
        ("2025-03-10", "transfer", "subscription", "a", "-30"),
    ]


def test_shares_add_up_to_the_last_digit() -> None:
    # 10 less and three times 5 more: 5 / 3 each, the thirds cut where the running sum is.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-10", 10, plan="a", subscription="a")
    for plan in "bcd":
        surface.item("2025-03-10", None, 5, plan=plan, subscription=plan)
    movements = surface.compute().movements[1:]
    shares = [figures(m.amount) for m in movements if m.type == "expansion"]
    assert sorted(shares) == ["1.6666666666", "1.6666666667", "1.6666666667"]
    assert sum(m.amount for m in movements if m.type == "transfer") == 0


def test_a_loss_spread_over_what_gained_is_a_contraction_there() -> None:
    # a loses 50, b gains 30: 20 less in total, on b; 50 moved.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-10", 50, plan="a", subscription="a")
    surface.item("2025-03-10", None, 30, plan="b", subscription="b")
    assert rows(surface.compute())[1:] == [
        ("2025-03-10", "transfer", "subscription", "b", "50"),
        ("2025-03-10", "contraction", "subscription", "b", "-20"),
        ("2025-03-10", "transfer", "subscription", "a", "-50"),
    ]


def test_churn_says_whether_the_customer_wanted_it() -> None:
    for wanted in (True, False, None):
        surface = SurfaceRows()
        surface.item("2025-01-01", "2025-03-10", is_voluntary_cancel=wanted)
        surface.item("2025-01-01", "2025-03-10", 5, item_id="s:seats", is_voluntary_cancel=True)
        books = surface.compute()
        # Both are on one plan: one row, wanted if every end that says so was.
        assert [m.is_voluntary for m in books.movements] == [None, wanted is not False]
    paused = SurfaceRows()
    paused.item("2025-01-01", "2025-03-10", is_voluntary_cancel=True)
    paused.item("2025-03-10", status="paused", is_voluntary_cancel=True)
    assert [m.is_voluntary for m in paused.compute().movements] == [None, None]


def test_a_planned_end_counts_when_it_comes_unless_it_was_passed_by() -> None:
    # Now is 1 July 12:00: 08:00 has come, two days ago was not carried out, August is ahead.
    for planned, expected in (
        ("2025-07-01 08:00", "0"),
        ("2025-06-29", "50"),
        ("2025-08-01", "50"),
    ):
        surface = SurfaceRows()
        surface.item("2025-01-01", scheduled_end_at=at(planned))
        books = surface.compute()
        assert total(books, "2025-07-01") == expected
    assert books.states(UNIT, at("2025-07-31")) != []
    assert books.states(UNIT, at("2025-08-01")) == []


def test_a_cancellation_date_ends_each_item_and_drops_what_begins_after_it() -> None:
    surface = SurfaceRows()
    asked = {"cancel_requested_at": at("2025-02-10")}
    surface.item("2025-01-01", "2025-02-01", 50, **asked)  # type: ignore[arg-type]
    surface.item("2025-02-01", "2025-02-20", 60, **asked)  # type: ignore[arg-type]
    surface.item("2025-02-20", "2025-03-01", 70, **asked)  # type: ignore[arg-type]
    assert moves(surface.compute(churn_date="cancel_requested")) == [
        NEW,
        ("2025-02-01", "expansion", "10"),
        ("2025-02-10", "churn", "-60"),
    ]


def test_an_item_given_up_before_the_cancellation_keeps_its_end() -> None:
    # Seats of 20 are given up on 1 February; the engine ends the subscription on 2 March 08:00.
    surface = SurfaceRows()
    ended = {"cancel_effective_at": at("2025-03-02 08:00")}
    surface.item("2025-01-01", "2025-03-01", 50, **ended)  # type: ignore[arg-type]
    surface.item("2025-01-01", "2025-02-01", 20, item_id="s:seats", **ended)  # type: ignore[arg-type]
    assert moves(surface.compute(churn_date="cancel_effective"))[1:] == [
        ("2025-02-01", "contraction", "-20"),
        ("2025-03-02", "churn", "-50"),
    ]


def test_only_what_changed_the_amount_is_behind_it() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-01", is_voluntary_cancel=True)
    surface.item("2025-01-01", "2025-03-01", 0, subscription="free", is_voluntary_cancel=False)
    books = surface.compute()
    assert [(m.subscription_ids, m.is_voluntary) for m in books.movements] == [
        ({"s"}, None),
        ({"s"}, True),
    ]


def test_a_pause_that_is_kept_is_no_reason() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-01", 50)
    surface.item("2025-03-01", None, 60, status="paused")
    books = surface.compute(mrr_paused="keep")
    assert rows(books)[1:] == [("2025-03-01", "expansion", "price", "basic", "10")]


def test_an_end_told_later_was_not_known() -> None:
    # The upgrade of 10 February was recorded on the 12th: on the 11th the old price goes on.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-02-10", 50, recorded_at=at("2025-01-01"))
    surface.item("2025-02-10", None, 80, recorded_at=at("2025-02-12"))
    books = surface.compute(as_reported_at="2025-02-11")
    assert moves(books) == [NEW]
    assert total(books, "2025-07-01") == "50"


def test_by_month_end_rates_each_day_of_a_month_has_one() -> None:
    # Published on the 10th and the 31st of January and on 30 June; now is 1 July.
    surface = SurfaceRows()
    surface.item("2025-01-05", amount=100, currency="EUR")
    rates = [
        ("2025-01-10", "USD", "1.1"),
        ("2025-01-31", "USD", "1.2"),
        ("2025-06-30", "USD", "1.3"),
        ("2025-07-02", "USD", "9"),
    ]
    books = surface.compute(rates=rates, reporting_currency="USD", fx_mode="month_end")
    days = [date(2025, 1, 1), date(2025, 2, 1), date(2025, 6, 1), date(2025, 7, 1)]
    shown = [figures(books.multiplier("EUR", day)) for day in days]
    assert shown == ["1.2", "1.2", "1.3", "1.3"]
    daily = surface.compute(rates=rates, reporting_currency="USD")
    assert [figures(daily.multiplier("EUR", day)) for day in days] == ["1.1", "1.2", "1.2", "1.3"]
    # 5 January is before the first rate.
    assert [(i.issue, i.severity) for i in daily.issues] == [("rate_carried_back", "warning")]


def test_fixed_rates_never_change() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-05", amount=100, currency="GBP")
    surface.item("2025-01-05", amount=100, currency="SEK", subscription="s2")
    fixed = {"USD": Decimal(1), "GBP": Decimal("0.8")}
    books = surface.compute(fixed_rates=fixed, reporting_currency="USD", fx_mode="fixed")
    # 1 / 0.8 dollars for a pound; kronor have no rate and stay kronor.
    assert moves(books, reporting=True) == [
        ("2025-01-05", "new", "100"),
        ("2025-01-05", "new", "125"),
    ]
    missing = [(i.issue, i.severity, i.source_row_id) for i in books.issues]
    assert missing == [("rate_missing", "error", "SEK")]


def test_at_start_a_balance_keeps_the_rate_of_the_day_it_rose() -> None:
    # 100 at 1.1; 150 later, still at 1.1; gone in April, back in May at 1.3.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-01", 100, currency="EUR")
    surface.item("2025-03-01", "2025-04-01", 150, currency="EUR")
    surface.item("2025-05-01", None, 100, currency="EUR")
    rates = [("2025-01-01", "USD", "1.1"), ("2025-02-01", "USD", "1.2"), ("2025-05-01", "USD", 1.3)]
    books = surface.compute(rates=rates, reporting_currency="USD", fx_mode="at_start")
    assert moves(books, reporting=True) == [
        ("2025-01-01", "new", "110"),
        ("2025-03-01", "expansion", "55"),
        ("2025-04-01", "churn", "-165"),
        ("2025-05-01", "reactivation", "130"),
    ]
    ((_, march),) = books.reporting_level(UNIT, date(2025, 3, 15)).values()
    ((_, june),) = books.reporting_level(UNIT, date(2025, 6, 15)).values()
    assert figures(march, june) == "165 130"


def test_a_rate_never_types_a_movement() -> None:
    # Dollars fall by 10 and pounds rise by 10 on the day a pound is 1.25 dollars: 2.5 more,
    # on the pounds: 2.5 / 1.25 = 2 of the 10, the other 8 moved.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-01", 50, subscription="a")
    surface.item("2025-03-01", None, 40, subscription="a")
    surface.item("2025-01-01", "2025-03-01", 40, currency="GBP", subscription="b")
    surface.item("2025-03-01", None, 50, currency="GBP", subscription="b")
    rates = [("2025-01-01", "GBP", "0.8")]
    books = surface.compute(rates=rates, base_currency="USD", reporting_currency="USD")
    changes = [m for m in books.movements if m.day == date(2025, 3, 1)]
    assert [(m.type, m.place.currency, figures(m.amount)) for m in changes] == [
        ("transfer", "GBP", "8"),
        ("expansion", "GBP", "2"),
        ("transfer", "USD", "-10"),
    ]
    assert figures(sum((m.reporting_amount for m in changes), Decimal(0))) == "2.5"
