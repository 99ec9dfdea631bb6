"""Trials, usage and what is committed, worked out by hand; the numbers name the golden cases."""

from datetime import date
from decimal import Decimal

import pytest

from reference.surface.builders import SurfaceRows, at

from .cases import row, rows, total
from .cuts import Values

HALF = Decimal("0.5")
THIRD = Decimal("0.3333333333")


def outcomes(values: Values) -> tuple[int, ...]:
    kinds = ("started", "converted", "cancelled", "pending", "expired")
    return tuple(values[f"trials_{kind}"] for kind in kinds)


def trial(surface: SurfaceRows, name: str, start: str, end: str, **columns: object) -> None:
    """A trial of a customer's own subscription, with the item that runs in it."""
    surface.customer(name)
    surface.trial(start, end, customer_id=name, subscription_id=name, **columns)
    surface.item(start, end, customer_id=name, subscription=name, status="trialing")


def test_g46_undecided_trials_are_apart() -> None:
    surface = SurfaceRows()
    trial(surface, "converts", "2025-06-01", "2025-06-15")
    surface.item("2025-06-15", customer_id="converts", subscription="converts")
    trial(surface, "cancels", "2025-06-01", "2025-06-15", cancelled_at=at("2025-06-10"))
    trial(surface, "waits", "2025-06-25", "2025-07-09")
    june = total(surface.compute(), "metric_trials", "2025-06")
    assert outcomes(june) == (3, 1, 1, 1, 0)
    assert june["conversion_rate_of_started"] == june["conversion_rate"] == THIRD
    assert june["conversion_rate_of_decided"] == HALF


def test_a_trial_that_ended_without_a_word_has_expired() -> None:
    surface = SurfaceRows()
    trial(surface, "silent", "2025-06-01", "2025-06-15")
    # This one goes on for nothing: it may still pay.
    trial(surface, "free", "2025-06-01", "2025-06-15")
    surface.item("2025-06-15", amount=0, customer_id="free", subscription="free")
    june = total(surface.compute(), "metric_trials", "2025-06")
    assert outcomes(june) == (2, 0, 0, 1, 1)
    assert june["conversion_rate_of_decided"] == 0


def test_g47_a_conversion_counts_with_its_trial_or_with_its_own_month() -> None:
    surface = SurfaceRows()
    trial(surface, "acme2", "2025-01-28", "2025-02-11")
    surface.item("2025-02-11", customer_id="acme2", subscription="acme2")
    january, february = (
        total(surface.compute(), "metric_trials", month) for month in ("2025-01", "2025-02")
    )
    assert (january["conversion_rate"], february["conversion_rate"]) == (1, None)
    assert (january["conversions"], february["conversions"]) == (0, 1)
    by_period = surface.compute(trial_rate="period")
    january, february = (
        total(by_period, "metric_trials", month) for month in ("2025-01", "2025-02")
    )
    assert (january["conversion_rate"], february["conversion_rate"]) == (0, None)


def test_v14_ten_trials_of_which_five_converted() -> None:
    surface = SurfaceRows()
    for number in range(10):
        name = f"c{number}"
        trial(surface, name, "2025-05-05", "2025-05-19")
        if number < 5:
            surface.item("2025-05-19", customer_id=name, subscription=name)
    assert total(surface.compute(), "metric_trials", "2025-05")["conversion_rate"] == HALF


@pytest.mark.parametrize(("days", "within"), [(13, 0), (14, 0), (15, 1)])
def test_within_days_ends_before_the_last_of_them_is_over(days: int, within: int) -> None:
    # Converted fourteen times 24 hours after the start: within fifteen, not within fourteen.
    surface = SurfaceRows()
    trial(surface, "acme2", "2025-05-05 10:00", "2025-05-19 10:00")
    surface.item("2025-05-19 10:00", customer_id="acme2", subscription="acme2")
    may = total(surface.compute(trial_rate=f"within_days({days})"), "metric_trials", "2025-05")
    assert (may["within_days"], may["converted_within_days"]) == (days, within)
    assert may["conversion_rate"] == within


def test_a_trial_may_convert_with_the_first_payment() -> None:
    surface = SurfaceRows()
    trial(surface, "acme2", "2025-05-05", "2025-05-19")
    own = {"customer_id": "acme2", "subscription_id": "acme2"}
    surface.item("2025-05-19", customer_id="acme2", subscription="acme2")
    surface.line("recurring", 50, "2025-05-19", "2025-06-19", **own, paid_at=at("2025-06-03"))
    books = surface.compute(trial_converted_when="first_payment")
    assert total(books, "metric_trials", "2025-06")["conversions"] == 1
    unpaid = SurfaceRows()
    trial(unpaid, "acme2", "2025-05-05", "2025-05-19")
    unpaid.item("2025-05-19", customer_id="acme2", subscription="acme2")
    books = unpaid.compute(trial_converted_when="first_payment")
    assert outcomes(total(books, "metric_trials", "2025-05")) == (1, 0, 0, 1, 0)


def test_a_customers_trials_of_a_month_may_be_one() -> None:
    # The first one expires, the second converts: the customer converted.
    surface = SurfaceRows()
    trial(surface, "acme2", "2025-05-05", "2025-05-10")
    surface.trial("2025-05-12", "2025-05-19", customer_id="acme2", subscription_id="second")
    surface.item("2025-05-19", customer_id="acme2", subscription="second")
    by_subscription = total(surface.compute(), "metric_trials", "2025-05")
    assert outcomes(by_subscription) == (2, 1, 0, 0, 1)
    by_customer = total(surface.compute(trial_unit="customer"), "metric_trials", "2025-05")
    assert outcomes(by_customer) == (1, 1, 0, 0, 0)


def test_usage_counts_on_the_last_day_it_was_served() -> None:
    # Service to 1 March 00:00 ends in February, whenever it is billed.
    surface = SurfaceRows()
    surface.line("usage", 30, "2025-02-01", "2025-03-01", discount=5, product="calls")
    surface.line("recurring", 50, "2025-02-01", "2025-03-01")
    surface.line("usage", 99, "2025-06-01", "2025-07-01", invoiced_at=at("2025-07-02"))
    books = surface.compute()
    february = total(books, "metric_usage_revenue", "2025-02")
    assert (february["usage_revenue"], february["lines"]) == (25, 1)
    calls = row(books, "metric_usage_revenue", "2025-02", dimension="product")
    assert calls["dimension_value"] == "calls"
    assert rows(books, "metric_usage_revenue", "2025-06") == []


def test_what_is_scheduled_changes_the_mrr_that_is_committed() -> None:
    # At 100 today, 130 from 20 July; 40 ends on 10 August; 20 more begin on 20 July; a trial
    # would bring 50 from 20 July.
    surface = SurfaceRows()
    surface.item("2025-01-01", "2025-07-20", 100)
    surface.item("2025-07-20", None, 130)
    surface.item("2025-01-01", "2025-08-10", 40, subscription="ends")
    surface.item("2025-07-20", None, 20, subscription="begins")
    trial(surface, "tries", "2025-06-25", "2025-07-20")
    surface.item("2025-07-20", customer_id="tries", subscription="tries")
    books = surface.compute(committed_horizons=[7, 30, 90])
    names = ("scheduled_increase", "scheduled_cancellations", "committed_mrr", "trial_mrr")
    found = {
        r["horizon_days"]: tuple(r[name] for name in names)
        for r in rows(books, "metric_committed_mrr", dimension="total")
    }
    assert found == {
        7: (0, 0, 140, 0),
        30: (50, 0, 190, 50),
        90: (50, 40, 150, 50),
    }
    (first,) = rows(books, "metric_committed_mrr", dimension="total", horizon_days=7)
    assert (first["as_of_date"], first["horizon_date"]) == (date(2025, 7, 1), date(2025, 7, 8))
