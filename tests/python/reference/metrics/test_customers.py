"""Churn, retention, cohorts and lifetime value, worked out by hand; numbers name the cases."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import pytest

from reference.surface.books import Books
from reference.surface.builders import SurfaceRows, at

from .cac import Spend
from .cases import row, rows, total
from .cuts import Values
from .relations import KEYS, metrics

THIRD, TWO_THIRDS = Decimal("0.3333333333"), Decimal("0.6666666667")


def paying(*customers: tuple[str, str, str | None, int]) -> SurfaceRows:
    """Customers with one subscription each: name, begin, end and monthly amount."""
    surface = SurfaceRows()
    for name in dict.fromkeys(name for name, *_ in customers):
        surface.customer(name)
    for name, start, end, amount in customers:
        surface.item(start, end, amount, customer_id=name, subscription=name)
    return surface


def figures(values: Values, names: Iterable[str]) -> tuple[object, ...]:
    return tuple(values[name] for name in names)


def logos(values: Values) -> tuple[object, ...]:
    names = ("churned_customers", "logo_churn_denominator", "logo_churn_rate")
    return figures(values, names)


def test_g3_who_joins_and_leaves_within_a_month_is_in_no_rate_of_it() -> None:
    books = paying(
        ("stays", "2025-01-01", None, 100), ("passes", "2025-02-05", "2025-02-20", 500)
    ).compute()
    february = total(books, "metric_retention", "2025-02", window_months=1)
    assert figures(february, ("nrr", "grr", "customer_retention")) == (1, 1, 1)
    assert logos(total(books, "metric_churn", "2025-02")) == (0, 1, 0)
    waterfall = row(books, "metric_mrr_waterfall", "2025-02")
    assert figures(waterfall, ("new_mrr", "churn_mrr", "closing_mrr")) == (500, 500, 100)


def test_g5_a_churn_at_the_first_instant_of_march_is_in_march_only() -> None:
    books = paying(("acme", "2025-01-01", "2025-03-01", 50)).compute()
    assert logos(total(books, "metric_churn", "2025-02")) == (0, 1, 0)
    assert logos(total(books, "metric_churn", "2025-03")) == (1, 1, 1)


def test_g15_who_was_not_there_before_the_month_cannot_churn_in_it() -> None:
    books = paying(
        ("k", "2025-01-01", None, 100),
        ("z", "2024-01-01", "2024-12-01", 500),
        ("z", "2025-02-05", "2025-02-20", 500),
    ).compute()
    february = total(books, "metric_churn", "2025-02")
    assert logos(february) == (0, 1, 0)
    assert figures(february, ("gross_churn_rate", "net_churn_rate")) == (0, 0)
    counts = ("opening_customers", "new_customers", "returned_customers", "lost_customers")
    assert figures(total(books, "metric_customers", "2025-02"), counts) == (1, 0, 1, 1)


def test_g27_a_customer_churns_with_its_last_subscription() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-04-10", 50)
    surface.item("2025-01-08", "2025-03-10", 30, subscription="second", plan="more")
    books = surface.compute()
    assert logos(total(books, "metric_churn", "2025-03")) == (0, 1, 0)
    assert logos(total(books, "metric_churn", "2025-04")) == (1, 1, 1)
    assert total(books, "metric_customers", "2025-01")["subscriptions"] == 2
    assert total(books, "metric_customers", "2025-03")["subscriptions"] == 1
    # Within the plan, the end of the second subscription is the end.
    more = row(books, "metric_churn", "2025-03", dimension="plan", dimension_value="more")
    assert logos(more) == (1, 1, 1)


def test_v12_gross_churn_is_what_was_lost_and_net_churn_less_what_was_won() -> None:
    surface = paying(
        ("churns", "2025-01-01", "2025-02-10", 10),
        ("contracts", "2025-01-01", "2025-02-10", 40),
        ("contracts", "2025-02-10", None, 30),
        ("expands", "2025-01-01", "2025-02-10", 50),
        ("expands", "2025-02-10", None, 60),
    )
    for method in ("cohort_end_state", "movement_sum"):
        february = total(surface.compute(revenue_churn=method), "metric_churn", "2025-02")
        rates = figures(february, ("gross_churn_rate", "net_churn_rate", "churned_mrr_rate"))
        assert rates == (Decimal("0.2"), Decimal("0.1"), Decimal("0.1"))


def test_who_returned_lowers_net_churn_only_if_asked_for() -> None:
    # Of 100 ten churn; ten come back from last year: net churn 10 % or nothing.
    surface = paying(
        ("stays", "2025-01-01", None, 90),
        ("churns", "2025-01-01", "2025-02-10", 10),
        ("returns", "2024-01-01", "2024-02-01", 10),
        ("returns", "2025-02-20", None, 10),
    )
    february = total(surface.compute(), "metric_churn", "2025-02")
    assert (february["reactivation_mrr"], february["net_churn_rate"]) == (10, Decimal("0.1"))
    with_returns = surface.compute(net_includes_reactivation=True)
    assert total(with_returns, "metric_churn", "2025-02")["net_churn_rate"] == 0


def test_by_movements_a_customer_can_lose_more_than_at_the_two_ends() -> None:
    # 100 -> 60 -> 80: 40 lost and 20 won, or 20 lost; both are 20 % net.
    surface = paying(
        ("acme2", "2025-01-01", "2025-02-10", 100),
        ("acme2", "2025-02-10", "2025-02-20", 60),
        ("acme2", "2025-02-20", None, 80),
    )
    names = ("gross_churn_rate", "net_churn_rate")
    by_state = total(surface.compute(), "metric_churn", "2025-02")
    assert figures(by_state, names) == (Decimal("0.2"), Decimal("0.2"))
    by_movements = total(surface.compute(revenue_churn="movement_sum"), "metric_churn", "2025-02")
    assert figures(by_movements, names) == (Decimal("0.4"), Decimal("0.2"))


def test_a_rate_never_looks_like_churn() -> None:
    # 100 EUR are 110 USD before March and 100 at its end: nothing is lost at the rate of the start.
    surface = SurfaceRows()
    surface.item("2025-01-10", None, 100, currency="EUR")
    rates = [("2025-01-01", "USD", "1.10"), ("2025-03-10", "USD", "1.00")]
    books = surface.compute(rates=rates, reporting_currency="USD")
    march = total(books, "metric_churn", "2025-03")
    assert figures(march, ("opening_mrr", "gross_churn_rate", "net_churn_rate")) == (110, 0, 0)
    assert total(books, "metric_retention", "2025-03", window_months=1)["nrr"] == 1
    assert row(books, "metric_mrr_waterfall", "2025-03")["fx_mrr"] == -10


def test_v17_churn_is_told_apart_by_will() -> None:
    # Fifteen pay 10 and leave: nine by choice, five not, of one nothing is known.
    surface = SurfaceRows()
    for number in range(15):
        name = f"c{number}"
        surface.customer(name)
        surface.item(
            "2025-01-01",
            "2025-02-10",
            10,
            customer_id=name,
            subscription=name,
            is_voluntary_cancel=None if number == 14 else number < 9,
        )
    february = total(surface.compute(), "metric_churn", "2025-02")
    names = ("churned_mrr", "voluntary_mrr", "involuntary_mrr")
    assert figures(february, names) == (150, 90, 50)
    assert figures(february, ("voluntary_customers", "involuntary_customers")) == (9, 5)


@pytest.mark.parametrize(
    ("method", "denominator", "churn_rate"),
    [
        ("cohort_end_state", 9, "0.1111111111"),
        ("cohort_any_exit", 9, "0.1111111111"),
        ("stripe_30d", 10, "0.1"),
        ("rolling_30d", 9, "0.1111111111"),
    ],
)
def test_v28_who_came_counts_in_the_denominator_of_one_method(
    method: str, denominator: int, churn_rate: str
) -> None:
    # A tenth of the published case: nine pay before June, one leaves on the 10th, one comes on
    # the 12th. June has thirty days, so that the window is the month.
    nine = [(f"c{n}", "2025-05-01", None if n else "2025-06-10", 10) for n in range(9)]
    books = paying(*nine, ("comes", "2025-06-12", None, 10)).compute(churn_method=method)
    assert logos(total(books, "metric_churn", "2025-06")) == (1, denominator, Decimal(churn_rate))


def test_who_leaves_and_returns_within_a_month_has_exited_and_is_retained() -> None:
    surface = paying(("acme2", "2025-01-01", "2025-02-10", 50), ("acme2", "2025-02-20", None, 40))
    assert logos(total(surface.compute(), "metric_churn", "2025-02")) == (0, 1, 0)
    any_exit = surface.compute(churn_method="cohort_any_exit")
    assert logos(total(any_exit, "metric_churn", "2025-02")) == (1, 1, 1)
    # The last thirty days of February begin on 30 January: one lost, one there before.
    rolling = surface.compute(churn_method="rolling_30d")
    assert logos(total(rolling, "metric_churn", "2025-02")) == (1, 1, 1)
    # Those that end on 5 March begin on 4 February.
    fifth = total(rolling, "metric_churn", grain="day", period_start=date(2025, 3, 5))
    assert logos(fifth) == (1, 1, 1)
    # Those that end on 12 March begin on 11 February, when nobody paid.
    twelfth = total(rolling, "metric_churn", grain="day", period_start=date(2025, 3, 12))
    assert logos(twelfth) == (0, 0, None)


def test_v16_gross_retention_is_never_more_than_all() -> None:
    books = paying(
        ("acme2", "2025-01-01", "2025-02-10", 5000), ("acme2", "2025-02-10", None, 6000)
    ).compute()
    february = total(books, "metric_retention", "2025-02", window_months=1)
    assert figures(february, ("grr", "nrr")) == (1, Decimal("1.2"))


def test_v27_net_retention_is_what_is_left_and_what_was_won() -> None:
    books = paying(
        ("grows", "2025-01-01", "2025-02-10", 92_000),
        ("grows", "2025-02-10", None, 107_000),
        ("churns", "2025-01-01", "2025-02-10", 8_000),
    ).compute()
    february = total(books, "metric_retention", "2025-02", window_months=1)
    assert figures(february, ("nrr", "grr")) == (Decimal("1.07"), Decimal("0.92"))


def test_a_window_of_a_year_begins_eleven_months_before_the_row() -> None:
    # 100 at the end of January 2024, 60 at the end of January 2025, and nothing a day later.
    books = paying(
        ("acme2", "2024-01-31", "2024-06-01", 100), ("acme2", "2024-06-01", "2025-02-01", 60)
    ).compute()
    january = total(books, "metric_retention", "2025-01", window_months=12)
    assert (january["window_start"], january["grr"]) == (date(2024, 2, 1), Decimal("0.6"))
    assert total(books, "metric_retention", "2025-02", window_months=12)["grr"] == 0
    # Those who paid before July 2024 are asked after in June 2025, those of May 2025 are none.
    assert total(books, "metric_retention", "2025-06", window_months=12)["grr"] == 0
    assert rows(books, "metric_retention", "2025-06", window_months=1) == []


def test_money_that_moves_between_children_is_retained_by_the_parent() -> None:
    surface = paying(("one", "2025-01-01", "2025-02-10", 50), ("two", "2025-02-10", None, 60))
    for customer in surface.rows["customers"]:
        customer["parent_customer_id"] = "parent"
    february = total(surface.compute(), "metric_retention", "2025-02", window_months=1)
    assert figures(february, ("nrr", "customer_retention")) == (0, 0)
    by_parent = surface.compute(retention_level="parent")
    february = total(by_parent, "metric_retention", "2025-02", window_months=1)
    assert figures(february, ("nrr", "grr", "customer_retention")) == (Decimal("1.2"), 1, 1)


def cells(books: Books, relation: str, *names: str) -> list[tuple[object, ...]]:
    """The month cells of the only cohort, in order, as far as April."""
    found = rows(books, relation, dimension="total", grain="month")
    found = [cell for cell in found if cell["period_start"] <= date(2025, 4, 1)]
    return [figures(cell, names) for cell in sorted(found, key=lambda c: c["period_number"])]


def test_the_first_month_of_a_cohort_is_not_all_of_it() -> None:
    # Two of three stay to the end of January; one leaves in March, and one returns in April.
    surface = paying(
        ("stays", "2025-01-05", "2025-02-10", 100),
        ("stays", "2025-02-10", None, 150),
        ("leaves", "2025-01-10", "2025-03-05", 50),
        ("returns", "2025-01-10", "2025-01-20", 30),
        ("returns", "2025-04-20", None, 30),
    )
    names = ("customers", "customer_retention")
    assert cells(surface.compute(), "metric_cohorts", *names) == [
        (2, TWO_THIRDS),
        (2, TWO_THIRDS),
        (1, THIRD),
        (2, TWO_THIRDS),
    ]
    amounts = ("mrr", "mrr_retention", "mrr_retention_of_previous")
    assert cells(surface.compute(), "metric_cohorts", *amounts) == [
        (150, 1, None),
        (200, Decimal("1.3333333333"), Decimal("1.3333333333")),
        (150, 1, Decimal("0.75")),
        (180, Decimal("1.2"), Decimal("1.2")),
    ]
    forced = surface.compute(cohort_month0="forced_100")
    counts = ("cohort_customers", "denominator_customers", "customer_retention")
    assert cells(forced, "metric_cohorts", *counts)[0] == (3, 2, 1)


def test_cells_end_with_the_month_that_runs() -> None:
    books = paying(("acme2", "2025-01-05", "2025-02-10", 100)).compute()
    last = max(r["period_number"] for r in rows(books, "metric_cohorts", grain="month"))
    assert last == 6  # July; empty cells are there, and 0
    july = row(books, "metric_cohorts", grain="month", dimension="total", period_number=6)
    assert figures(july, ("customers", "mrr", "is_complete")) == (0, 0, False)


def test_a_cohort_may_begin_with_the_sign_up_and_be_cut_by_an_attribute() -> None:
    surface = paying(("acme2", "2025-02-05", None, 100))
    surface.rows["customers"][1] |= {"created_at": at("2025-01-20"), "attributes": {"size": "big"}}
    by_sign_up = surface.compute(cohort_by="signup")
    first = row(by_sign_up, "metric_cohorts", grain="month", dimension="total", period_number=0)
    assert figures(first, ("cohort_start", "customers")) == (date(2025, 1, 1), 0)
    by_size = surface.compute(cohort_by="attribute:size")
    first = row(by_size, "metric_cohorts", grain="month", dimension="size", period_number=0)
    assert figures(first, ("cohort_start", "dimension_value")) == (date(2025, 2, 1), "big")


def test_a_cohorts_value_is_what_it_paid_so_far() -> None:
    # 100 at the ends of January to March, and 70 in February from the other: 100, 270, 370.
    # Cash: 100 on 5 January, 70 less 20 refunded on 7 February.
    surface = paying(
        ("one", "2025-01-05", "2025-04-01", 100), ("two", "2025-01-05", "2025-01-08", 70)
    )
    surface.item("2025-02-07", "2025-03-07", 70, customer_id="two", subscription="two")
    paid = {"customer_id": "one", "paid_at": at("2025-01-05")}
    surface.line("recurring", 100, "2025-01-05", "2025-02-05", **paid)
    paid = {"customer_id": "two", "paid_at": at("2025-02-07")}
    surface.line("recurring", 70, "2025-02-07", "2025-03-07", refunded=20, **paid)
    surface.line("tax", 7, "2025-02-07", "2025-03-07", **paid)
    surface.line("recurring", 70, "2025-03-07", "2025-04-07", customer_id="two")
    names = ("cumulative_mrr", "cumulative_cash", "mrr_per_customer", "cash_per_customer")
    assert cells(surface.compute(), "metric_ltv_cohorts", *names) == [
        (100, 100, 50, 50),
        (270, 150, 135, 75),
        (370, 150, 185, 75),
        (370, 150, 185, 75),
    ]


def steady(amount: int) -> SurfaceRows:
    """Twenty customers of whom one leaves and is replaced each month from January to June."""
    stay = [(f"s{n}", "2024-12-15", None, amount) for n in range(14)]
    goes = [(f"g{m}", "2024-12-15", f"2025-0{m}-10", amount) for m in range(1, 7)]
    comes = [(f"n{m}", f"2025-0{m}-12", None, amount) for m in range(1, 7)]
    return paying(*stay, *goes, *comes)


def test_v13_lifetime_value_is_arpa_over_mean_churn() -> None:
    # One of twenty a month: 100 / 5 % = 2,000. July's own churn plays no part.
    surface = steady(100)
    names = ("arpa", "churn_rate", "months_counted", "ltv")
    books = surface.compute()
    july, march = (total(books, "metric_ltv", month) for month in ("2025-07", "2025-03"))
    assert figures(july, names) == (100, Decimal("0.05"), 6, 2000)
    # In March only January and February can be counted: that says nothing yet.
    assert figures(march, names) == (100, Decimal("0.05"), 2, None)
    assert total(books, "metric_ltv", "2025-04")["ltv"] == 2000


def test_v26_a_margin_lowers_it_and_so_does_interest() -> None:
    # 500 x 0.8 / 0.05 = 8,000; at 1 % a month 100 x 1.01 / 0.06 = 1,683.33.
    books = steady(500).compute(gross_margin="0.8", ltv_window_months=3)
    july = total(books, "metric_ltv", "2025-07")
    assert figures(july, ("ltv", "months_counted")) == (8000, 3)
    with_interest = steady(100).compute(ltv_discount_rate="0.12")
    value = total(with_interest, "metric_ltv", "2025-07")["ltv"]
    assert value == Decimal("1683.3333333333")


def test_without_churn_there_is_no_lifetime_value() -> None:
    books = paying(("acme2", "2025-01-01", None, 100)).compute()
    july = total(books, "metric_ltv", "2025-07")
    assert figures(july, ("churn_rate", "months_counted", "ltv")) == (0, 5, None)


def costs(books: Books, spend: list[Spend], grain: str) -> dict[tuple[object, ...], Values]:
    """The rows of a grain by period start and tenant."""
    names = KEYS["metric_cac"]
    found: dict[tuple[object, ...], Values] = {}
    for key, values in metrics(books, spend)["metric_cac"].items():
        named = dict(zip(names, key, strict=True))
        if named["grain"] == grain:
            found[named["period_start"], named["tenant_id"]] = values
    return found


def test_v25_what_a_customer_costs_and_when_it_has_paid_that_back() -> None:
    # 50,000 for 25 customers at 100 each: 2,000, paid back in 2,000 / (100 x 0.8) = 25 months.
    surface = paying(*((f"c{n}", "2025-06-10", None, 100) for n in range(25)))
    books = surface.compute(gross_margin="0.8")
    spend = [
        Spend(date(2025, 6, 3), None, "USD", Decimal(30_000)),
        Spend(date(2025, 6, 30), "t", "USD", Decimal(20_000)),
        Spend(date(2025, 5, 30), None, "USD", Decimal(10)),
        Spend(date(2025, 7, 20), None, "USD", Decimal(10)),
    ]
    found = costs(books, spend, "month")
    june = found[date(2025, 6, 1), "t"]
    assert figures(june, ("spend", "new_customers", "cac")) == (50_000, 25, 2_000)
    assert figures(june, ("asp", "payback_months")) == (100, 25)
    may = found[date(2025, 5, 1), "t"]
    assert figures(may, ("spend", "new_customers", "cac")) == (10, 0, None)
    assert date(2025, 7, 1) not in {start for start, _ in found}
    assert costs(books, [], "month")[date(2025, 6, 1), "t"]["spend"] is None


def test_two_tenants_have_their_own_totals_and_one_over_all() -> None:
    surface = SurfaceRows()
    surface.item("2025-06-10", None, 100)
    other = {"tenant_id": "u", "customer_id": "acme"}
    surface.add("customers", **other, country="FR")
    surface.item("2025-06-12", None, 300, **other)
    books = surface.compute()
    june = rows(books, "metric_arpa", "2025-06")
    whole = {(r["tenant_id"], r["dimension"]): r["arpa"] for r in june if r["dimension"] != "plan"}
    assert whole["t", "total"] == 100
    assert whole["u", "total"] == 300
    assert whole["all", "source"] == whole["all", "overall"] == 200
    spend = [
        Spend(date(2025, 6, 3), None, "USD", Decimal(60)),
        Spend(date(2025, 6, 3), "u", "USD", Decimal(40)),
    ]
    found = costs(books, spend, "month")
    spent = {tenant: values["spend"] for (_, tenant), values in found.items()}
    assert spent == {"t": None, "u": 40, "all": 100}


def test_a_customer_on_a_free_plan_may_be_kept() -> None:
    # Paying in January, free from 10 February, gone on 10 April.
    surface = paying(
        ("acme2", "2025-01-01", "2025-02-10", 50), ("acme2", "2025-02-10", "2025-04-10", 0)
    )
    books = surface.compute(paid_to_free="contraction")
    counts = {
        month: total(books, "metric_customers", f"2025-{month}")["customers"]
        for month in ("02", "03", "04")
    }
    assert counts == {"02": 1, "03": 1, "04": 0}
    assert total(books, "metric_customers", "2025-04")["lost_customers"] == 1
    assert total(surface.compute(), "metric_customers", "2025-02")["lost_customers"] == 1
    plan = row(books, "metric_customers", "2025-02", dimension="plan", dimension_value="basic")
    assert plan["lost_customers"] == 1
