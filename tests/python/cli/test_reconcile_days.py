"""Levels of two sides, day by day: which days differ, and how they are put together."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tidemill_cli.reconcile import Change, Outcome, compare

CENT = Decimal("0.01")


def day(number: int) -> date:
    return date(2024, 3, number)


def change(
    number: int, ours: str, theirs: str, rounding: str = "0", currency: str = "USD"
) -> Change:
    amounts = (Decimal(ours), Decimal(theirs), Decimal(rounding))
    return Change("acme", currency, day(number), *amounts)


def found(outcome: Outcome) -> list[tuple[str, int, int, str]]:
    return [
        (run.currency, run.first.day, run.last.day, str(run.difference)) for run in outcome.runs
    ]


def test_days_in_a_row_with_one_difference_are_one_run() -> None:
    changes = [change(3, "50", "0"), change(5, "10", "10"), change(8, "0", "50")]
    outcome = compare(changes, day(1), day(31), CENT)

    assert found(outcome) == [("USD", 3, 7, "50")]
    (run,) = outcome.runs
    assert (run.ours, run.theirs) == (60, 10), "those at the end of the last day"
    assert (outcome.days, outcome.equal_days) == (30, 25)


def test_another_difference_is_another_run() -> None:
    changes = [change(3, "50", "0"), change(5, "20", "0"), change(6, "0", "20")]
    outcome = compare(changes, day(1), day(8), CENT)

    assert found(outcome) == [("USD", 3, 4, "50"), ("USD", 5, 5, "70"), ("USD", 6, 7, "50")]
    assert outcome.equal_days == 2


def test_what_changed_before_the_first_day_stands_on_it() -> None:
    outcome = compare([change(3, "50", "0")], day(10), day(12), CENT)

    assert found(outcome) == [("USD", 10, 11, "50")]


def test_what_changes_after_the_last_day_is_not_compared() -> None:
    assert compare([change(12, "50", "0")], day(10), day(12), CENT).runs == []


def test_rounding_is_no_difference() -> None:
    changes = [change(3, "8.3333", "8.33", "0.0033"), change(9, "8.3333", "8.34", "-0.0034")]
    outcome = compare(changes, day(1), day(20), Decimal("0.005"))

    assert found(outcome) == []
    (largest,) = outcome.largest
    assert (largest.first.day, str(largest.difference)) == (9, "-0.0033")


def test_currencies_do_not_make_each_other_up_and_a_day_counts_once() -> None:
    changes = [change(3, "50", "0"), change(3, "0", "50", currency="EUR")]
    outcome = compare(changes, day(1), day(6), CENT)

    assert found(outcome) == [("EUR", 3, 5, "-50"), ("USD", 3, 5, "50")]
    assert outcome.equal_days == 2
    assert [run.currency for run in outcome.largest] == ["EUR", "USD"]


def test_a_difference_within_the_tolerance_passes_and_is_still_the_largest() -> None:
    outcome = compare([change(3, "1", "0")], day(1), day(6), Decimal(1))

    assert (found(outcome), outcome.equal_days) == ([], 5)
    assert [str(run.difference) for run in outcome.largest] == ["1"]
