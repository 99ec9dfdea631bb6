"""Levels, waterfalls and means, worked out by hand; the numbers name the golden cases."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from reference.surface.books import Books
from reference.surface.builders import SurfaceRows, at

from .cases import row, rows, total

STEPS = ("opening", "new", "expansion", "contraction", "churn", "reactivation", "fx", "closing")


def steps(books: Books, month: str | None = None, **where: object) -> dict[str, Decimal]:
    """The steps of a waterfall that are not 0, added up over its places."""
    found: dict[str, Decimal] = {}
    for place in rows(books, "metric_mrr_waterfall", month, **where):
        for name in STEPS:
            found[name] = found.get(name, Decimal(0)) + place[f"{name}_mrr"]
    return {name: amount for name, amount in found.items() if amount}


def test_g4_a_waterfall_opens_where_the_month_before_closed() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", amount=100)
    books = surface.compute()
    assert steps(books, month="2025-01") == {"new": 100, "closing": 100}
    assert steps(books, month="2025-02") == {"opening": 100, "closing": 100}
    assert row(books, "metric_mrr_waterfall", "2025-01")["net_new_mrr"] == 100


def test_g6_a_rate_that_rises_is_fx_and_leaves_nothing_behind() -> None:
    # 100 EUR are 100 USD in January and 110 when they go: 0 + 100 + 10 - 110 = 0.
    surface = SurfaceRows()
    surface.item("2025-01-10", "2025-06-10", 100, currency="EUR")
    rates = [("2025-01-01", "USD", "1.00"), ("2025-06-01", "USD", "1.10")]
    books = surface.compute(rates=rates, reporting_currency="USD")
    assert steps(books, grain="year") == {"new": 100, "fx": 10, "churn": 110}
    assert steps(books, month="2025-05") == {"opening": 100, "closing": 100}
    # The rate's day shows the rate alone; that of the churn the churn at the new rate.
    first, tenth = (steps(books, grain="day", period_start=date(2025, 6, day)) for day in (1, 10))
    assert first == {"opening": 100, "fx": 10, "closing": 110}
    assert tenth == {"opening": 110, "churn": 110}
    native = surface.compute()
    assert steps(native, grain="year") == {"new": 100, "churn": 100}


def test_g7_nobody_is_left_between_a_churn_and_a_return() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-10", "2025-06-10", 100, currency="EUR")
    surface.item("2025-09-10", None, 100, currency="EUR")
    rates = [("2025-01-01", "USD", "1.10"), ("2025-06-01", "USD", "1.00")]
    books = surface.compute(
        datetime(2025, 10, 1, 12, tzinfo=UTC), rates=rates, reporting_currency="USD"
    )
    year = steps(books, grain="year")
    assert year == {"new": 110, "fx": -10, "churn": 100, "reactivation": 100, "closing": 100}
    june = total(books, "metric_arpa", "2025-06")
    assert (june["mrr"], june["customers"], june["arpa"]) == (0, 0, None)
    assert rows(books, "metric_arpa", "2025-07") == []
    assert rows(books, "metric_customers", "2025-07") == []
    assert total(books, "metric_customers", "2025-09")["returned_customers"] == 1


@pytest.mark.parametrize(("mode", "closing", "fx"), [("month_end", 110, 10), ("at_start", 100, 0)])
def test_levels_are_shown_at_the_rate_that_the_mode_asks_for(
    mode: str, closing: int, fx: int
) -> None:
    # The rate changes on 20 March: at month's end all of March has it; at the start none of it.
    surface = SurfaceRows()
    surface.item("2025-02-10", None, 100, currency="EUR")
    rates = [("2025-01-01", "USD", "1.00"), ("2025-03-20", "USD", "1.10")]
    books = surface.compute(rates=rates, reporting_currency="USD", fx_mode=mode)
    march = row(books, "metric_mrr_waterfall", "2025-03")
    assert (march["fx_mrr"], march["closing_mrr"]) == (fx, closing)
    assert row(books, "metric_mrr", "2025-03")["native_mrr"] == 100
    first = row(books, "metric_mrr", grain="day", period_start=date(2025, 3, 1))
    assert first["mrr"] == closing


def test_g10_a_series_gives_levels_and_arr_is_twelve_of_them() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-05", "2025-02-07", 100)
    surface.item("2025-02-07", None, 120)
    books = surface.compute()
    months = ("2025-01", "2025-02")
    assert [row(books, "metric_mrr", month)["mrr"] for month in months] == [100, 120]
    assert [row(books, "metric_arr", month)["arr_run_rate"] for month in months] == [1200, 1440]


def test_arr_of_annual_plans_leaves_out_what_may_end_within_a_year() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-05", amount=100)
    for name, count in (("one", 1), ("two", 2)):
        surface.item(
            "2025-01-05", None, 1200, subscription=name, period_unit="year", period_count=count
        )
    books = surface.compute(arr_scope="annual_plans_only")
    found = {r["billing_interval"]: r["arr_run_rate"] for r in rows(books, "metric_arr", "2025-01")}
    assert found == {"year": 1200, "2 years": 600}
    assert len(rows(books, "metric_mrr", "2025-01")) == 3


def test_g24_a_single_month_has_a_row() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-05", amount=100)
    books = surface.compute(at("2025-01-20 12:00"))
    (january,) = rows(books, "metric_mrr_waterfall", grain="month")
    assert (january["new_mrr"], january["is_complete"]) == (100, False)


def test_g33_a_contraction_and_then_a_churn_are_both_told_unless_the_month_is_netted() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-10", 100)
    surface.item("2025-03-10", "2025-03-20", 60)
    books = surface.compute()
    assert steps(books, month="2025-03") == {"opening": 100, "contraction": 40, "churn": 60}
    march = total(books, "metric_churn", "2025-03")
    assert (march["gross_churn_rate"], march["logo_churn_rate"]) == (1, 1)
    netted = surface.compute(netting="month")
    assert steps(netted, month="2025-03") == {"opening": 100, "churn": 100}


def test_g42_two_currencies_without_rates_are_two_rows_and_only_counted_together() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-05", amount=100)
    surface.item("2025-01-05", amount=70, subscription="e", currency="EUR")
    books = surface.compute()
    found = {r["reporting_currency"]: r["mrr"] for r in rows(books, "metric_mrr", "2025-01")}
    assert found == {"USD": 100, "EUR": 70}
    churn = rows(books, "metric_churn", "2025-02", dimension="total")
    found = {r["reporting_currency"]: (r["opening_customers"], r["opening_mrr"]) for r in churn}
    assert found == {"USD": (1, 100), "EUR": (1, 70), "any": (1, None)}
    assert total(books, "metric_customers", "2025-01")["customers"] == 1


def test_g48_a_day_is_that_of_the_reporting_zone() -> None:
    # 02:00 UTC on 1 February is the evening of 31 January in New York.
    surface = SurfaceRows()
    surface.item("2025-02-01 02:00")
    books = surface.compute(reporting_timezone="America/New_York")
    assert total(books, "metric_customers", "2025-01")["new_customers"] == 1
    assert total(surface.compute(), "metric_customers", "2025-02")["new_customers"] == 1


def test_g49_the_mean_price_of_new_customers() -> None:
    surface = SurfaceRows()
    for name, amount in (("a", 30), ("b", 50), ("c", 70)):
        surface.customer(name)
        surface.item("2025-01-05", None, amount, customer_id=name, subscription=name)
    january = total(surface.compute(), "metric_arpa", "2025-01")
    assert (january["new_mrr"], january["new_customers"], january["asp"]) == (150, 3, 50)


def test_g50_the_quick_ratio_is_without_reactivation_unless_asked_for() -> None:
    # New 100, expansion 50, reactivation 30, contraction 20, churn 40: 150 / 60, or 180 / 60.
    surface = SurfaceRows()
    for name in ("expands", "contracts", "churns", "returns", "comes"):
        surface.customer(name)

    def pays(name: str, start: str, end: str | None, amount: int) -> None:
        surface.item(start, end, amount, customer_id=name, subscription=name)

    pays("expands", "2025-01-01", "2025-03-10", 50)
    pays("expands", "2025-03-10", None, 100)
    pays("contracts", "2025-01-01", "2025-03-10", 50)
    pays("contracts", "2025-03-10", None, 30)
    pays("churns", "2025-01-01", "2025-03-10", 40)
    pays("returns", "2025-01-01", "2025-02-10", 30)
    pays("returns", "2025-03-10", None, 30)
    pays("comes", "2025-03-10", None, 100)
    march = total(surface.compute(), "metric_quick_ratio", "2025-03")
    assert march["quick_ratio"] == Decimal("2.5")
    with_returns = surface.compute(quick_ratio_reactivation=True)
    assert total(with_returns, "metric_quick_ratio", "2025-03")["quick_ratio"] == 3
    assert row(surface.compute(), "metric_mrr_waterfall", "2025-03")["net_new_mrr"] == 120


def test_a_discount_told_apart_counts_in_the_quick_ratio_by_its_sign() -> None:
    # 10 off from 10 March, and over on 10 April: 10 lost, then 10 gained.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-03-10")
    surface.item("2025-03-10", "2025-04-10", repeating_discount=10)
    surface.item("2025-04-10")
    books = surface.compute(discount_as_movement="separate_type")
    march, april = (total(books, "metric_quick_ratio", m) for m in ("2025-03", "2025-04"))
    assert (march["contraction_mrr"], march["lost_mrr"], march["quick_ratio"]) == (10, 10, 0)
    assert (april["expansion_mrr"], april["gained_mrr"], april["quick_ratio"]) == (10, 10, None)
    waterfall = row(books, "metric_mrr_waterfall", "2025-03")
    assert (waterfall["discount_mrr"], waterfall["net_new_mrr"]) == (-10, -10)


def test_v15_a_cheaper_price_is_contraction_with_its_reason() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-02-01", 100)
    surface.item("2025-02-01", None, 80)
    books = surface.compute()
    assert steps(books, month="2025-02") == {"opening": 100, "contraction": 20, "closing": 80}
    reason = row(books, "metric_mrr_reasons", "2025-02")
    found = (reason["movement_type"], reason["reason"], reason["amount"])
    assert found == ("contraction", "price", -20)


def test_each_plan_has_its_part_of_the_money_and_of_the_customers() -> None:
    # Acme pays 30 on basic and 60 on more, zeta 30 on basic: 60 and 60 of 120; two and one of two.
    surface = SurfaceRows()
    surface.customer("zeta")
    surface.item("2025-01-05", amount=30)
    surface.item("2025-01-05", amount=60, plan="more", subscription="m")
    surface.item("2025-01-05", amount=30, customer_id="zeta", subscription="z")
    books = surface.compute()
    basic, more = (row(books, "metric_plan_mix", "2025-01", plan=p) for p in ("basic", "more"))
    assert (basic["mrr_share"], more["mrr_share"]) == (Decimal("0.5"), Decimal("0.5"))
    assert (basic["customer_share"], more["customer_share"]) == (1, Decimal("0.5"))
    assert basic["total_customers"] == 2


def test_fifty_customers_of_whom_ten_pay_more_than_half() -> None:
    # 2.0M a year: 300k, four of 125k, five of 60k, forty of 22.5k. Parts 15, 40 and 55 %;
    # squares 0.0225 + 4 x 0.0625^2 + 5 x 0.03^2 + 40 x 0.01125^2 = 0.0476875.
    surface = SurfaceRows()
    yearly = [300_000] + 4 * [125_000] + 5 * [60_000] + 40 * [22_500]
    for number, amount in enumerate(yearly):
        name = f"c{number}"
        surface.customer(name)
        surface.item(
            "2025-06-10", None, amount, customer_id=name, subscription=name, period_unit="year"
        )
    june = total(surface.compute(), "metric_concentration", "2025-06")
    assert june["customers"] == 50
    shares = [june[f"top_{n}_share"] for n in (1, 5, 10)]
    assert shares == [Decimal("0.15"), Decimal("0.4"), Decimal("0.55")]
    assert june["hhi"] == Decimal("0.0476875")
