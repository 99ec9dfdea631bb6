"""Rows that cannot be used as they are; each case has one thing wrong."""

from typing import Any

import pytest

from .surface.builders import SurfaceRows, at, moves

NEW = ("2025-01-01", "new", "50")


def issues(surface: SurfaceRows) -> list[tuple[str, str, bool]]:
    return [(i.issue, i.severity, i.is_quarantined) for i in surface.compute().issues]


@pytest.mark.parametrize(
    ("issue", "columns"),
    [
        ("customer_missing", {"customer_id": "nobody"}),
        ("negative_quantity", {"quantity": -1}),
        ("negative_amount", {"amount": -1}),
        ("negative_amount", {"amount": "NaN"}),
        ("end_before_start", {"valid_to": at("2025-01-01")}),
        ("unknown_currency", {"currency": "usd"}),
        ("unknown_currency", {"currency": None}),
        ("unknown_period", {"period_unit": "quarter"}),
        ("unknown_period", {"period_count": 0}),
        ("unknown_period", {"period_count": None}),
        ("implausible_start", {"valid_from": at("1969-12-31 23:59")}),
        ("implausible_start", {"valid_from": at("2125-07-01 12:01")}),
        # The first thing wrong names it.
        ("negative_quantity", {"quantity": -1, "currency": "?", "amount": -1}),
    ],
)
def test_a_row_that_cannot_be_right_counts_nowhere(issue: str, columns: dict[str, Any]) -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", **columns)
    books = surface.compute()
    assert [(i.issue, i.severity, i.is_quarantined) for i in books.issues] == [
        (issue, "error", True)
    ]
    assert books.intervals == []
    assert books.movements == []


def test_of_rows_that_begin_together_the_first_by_source_stays() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", amount=70, source_row_id="2")
    surface.item("2025-01-01", amount=60, source_row_id="1")
    surface.item("2025-01-01", amount=50, source_row_id="1")
    # One that is out for another reason takes nobody's place.
    surface.item("2025-01-01", amount=1, source_row_id="0", quantity=-1)
    assert moves(surface.compute()) == [NEW]
    assert issues(surface) == [
        ("negative_quantity", "error", True),
        ("duplicate_row", "error", True),
        ("duplicate_row", "error", True),
    ]


def test_the_same_item_id_in_another_tenant_is_another_item() -> None:
    surface = SurfaceRows()
    surface.customer("acme", tenant_id="other")
    surface.item("2025-01-01")
    surface.item("2025-01-01", tenant_id="other")
    assert issues(surface) == []


def test_a_plan_that_is_missing_is_unknown() -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", plan=None)
    assert [m.place.plan for m in surface.compute().movements] == ["unknown"]
    assert issues(surface) == [("missing_plan", "warning", False)]


@pytest.mark.parametrize("column", ["valid_to", "scheduled_end_at"])
def test_an_end_in_more_than_a_century_is_none(column: str) -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", **{column: at("2125-07-01 12:01")})  # type: ignore[arg-type]
    (interval,) = surface.compute().intervals
    assert getattr(interval, column) is None
    assert issues(surface) == [("implausible_end", "warning", False)]


def test_an_item_that_overlaps_itself_is_cut_where_the_next_row_begins() -> None:
    surface = SurfaceRows()
    surface.item("2025-03-01", None, 60)
    surface.item("2025-01-01", None, 50)
    surface.item("2025-02-01", "2025-03-02", 80)
    assert moves(surface.compute()) == [
        NEW,
        ("2025-02-01", "expansion", "30"),
        ("2025-03-01", "contraction", "-20"),
    ]
    assert issues(surface) == [("overlapping_interval", "warning", False)] * 2
