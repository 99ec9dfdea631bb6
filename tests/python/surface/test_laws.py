"""What holds over any surface whatever the numbers are: the models against themselves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reference.surface.builders import ONE_DAY

from .build import Row, SurfaceBuild, SurfaceProject
from .histories import Example, examples

Relations = dict[str, list[dict[str, Any]]]

DEFAULT: dict[str, Any] = {}
# Windows of an hour are left out: an instant at which nothing changes may join two of them.
OTHER = {
    "tidemill_reporting_currency": "EUR",
    "tidemill_reporting_timezone": "America/New_York",
    "tidemill_netting": "none",
    "tidemill_movement_level": "subscription",
    "tidemill_mrr_usage": "trailing_3",
    "tidemill_mrr_tax": "include",
    "tidemill_mrr_past_due": "churn_after_days(10)",
    "tidemill_churn_date": "cancel_requested",
    "tidemill_as_reported_at": "2025-05-01T12:00:00Z",
}
# After so many days the calendar repeats, leap years and weekdays included.
TWENTY_EIGHT_YEARS = timedelta(days=10_227)
# Each example is built twice.
FEW = settings(max_examples=settings.default.max_examples // 3)
TOLERANCE = Decimal("1e-7")
AMOUNTS = (
    *("amount", "discount", "tax", "refunded"),
    *("once_discount", "repeating_discount", "forever_discount"),
)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(DEFAULT, id="default"),
        pytest.param(OTHER, id="other", marks=pytest.mark.slow),
    ],
)
def build(request: pytest.FixtureRequest, project: SurfaceProject) -> Iterator[SurfaceBuild]:
    with project.under(request.param) as build:
        yield build


@FEW
@given(example=examples(with_bad_rows=False), index=st.integers(0, 99), tenths=st.integers(1, 9))
def test_an_interval_cut_in_two_says_the_same(
    build: SurfaceBuild, example: Example, index: int, tenths: int
) -> None:
    rows = list(example.surface["subscription_intervals"])
    row = rows.pop(index % len(rows))
    end = row["valid_to"] or row["valid_from"] + timedelta(days=100)
    # A day from either end: within the day of a change the cut would tell when that happened.
    length = end - row["valid_from"] - 2 * ONE_DAY
    assume(length > timedelta(0))
    cut = row["valid_from"] + ONE_DAY + length * tenths / 10
    rows += [{**row, "valid_to": cut}, {**row, "valid_from": cut}]
    surface = {**example.surface, "subscription_intervals": rows}
    found, expected = (read(build, one) for one in (replace(example, surface=surface), example))
    # Its rows are as the engine's facts are cut.
    for relations in (found, expected):
        del relations["metric_mrr_items"]
    check_same(found, expected)


@FEW
@given(example=examples())
def test_the_order_of_rows_does_not_matter(build: SurfaceBuild, example: Example) -> None:
    turned = {name: list(reversed(rows)) for name, rows in example.surface.items()}
    check_same(read(build, replace(example, surface=turned)), read(build, example))


@FEW
@given(example=examples(), index=st.integers(0, 3))
def test_without_a_customer_the_others_move_as_before(
    build: SurfaceBuild, example: Example, index: int
) -> None:
    customers = example.surface["customers"]
    gone = _unit(customers[index % len(customers)])
    surface = {
        name: [row for row in rows if _unit(row) != gone] for name, rows in example.surface.items()
    }
    movements = read(build, example)["metric_mrr_movements"]
    left = read(build, replace(example, surface=surface))["metric_mrr_movements"]
    assert left == [movement for movement in movements if _unit(movement) != gone]


@pytest.mark.slow
@FEW
@given(example=examples())
def test_ten_times_the_amounts_are_ten_times_the_mrr(build: SurfaceBuild, example: Example) -> None:
    def tenfold(row: Row) -> Row:
        return {name: 10 * v if name in AMOUNTS and v is not None else v for name, v in row.items()}

    surface = {name: [tenfold(row) for row in rows] for name, rows in example.surface.items()}
    mrr = _levels(read(build, example))
    more = _levels(read(build, replace(example, surface=surface)))
    assert all(
        abs(more.get(key, Decimal(0)) - 10 * mrr.get(key, Decimal(0))) < TOLERANCE
        for key in mrr.keys() | more.keys()
    )


@FEW
@given(example=examples())
def test_rates_stay_within_their_bounds(build: SurfaceBuild, example: Example) -> None:
    relations = read(build, example)
    for row in relations["metric_retention"]:
        if row["nrr"] is not None:
            assert 0 <= row["grr"] <= min(1, row["nrr"])
        assert 0 <= row["customer_retention"] <= 1
    for row in relations["metric_churn"]:
        for name in ("logo_churn_rate", "gross_churn_rate", "churned_mrr_rate"):
            assert row[name] is None or 0 <= row[name] <= 1


@FEW
@given(example=examples())
def test_a_segment_of_everybody_says_what_the_total_says(
    build: SurfaceBuild, example: Example
) -> None:
    everybody = {"field": "tenant", "operator": "empty", "operands": [], "is_negated": True}
    one = {"segment": "everybody", "clause": 1, "condition": 1, **everybody}
    relations = read(build, replace(example, segments=[one]))
    sliced = {name for name, rows in relations.items() if rows and "dimension" in rows[0]}
    for name in sliced - {"metric_cac"}:
        by_kind: dict[bool, list[str]] = {True: [], False: []}
        for row in relations[name]:
            if row["dimension"] in ("total", "overall", "segment"):
                rest = {c: v for c, v in row.items() if not c.startswith("dimension")}
                by_kind[row["dimension"] == "segment"].append(repr(rest))
        assert sorted(by_kind[True]) == sorted(by_kind[False]), name


@pytest.mark.slow
@pytest.mark.parametrize("build", [DEFAULT], ids=["default"], indirect=True)
@FEW
@given(example=examples(with_bad_rows=False))
def test_twenty_eight_years_later_it_is_the_same(build: SurfaceBuild, example: Example) -> None:
    surface = {
        name: [_moved(row, TWENTY_EIGHT_YEARS) for row in rows]
        for name, rows in example.surface.items()
    }
    rates = [(day + TWENTY_EIGHT_YEARS, name, rate) for day, name, rate in example.rates]
    spend = [_moved(row, TWENTY_EIGHT_YEARS) for row in example.spend]
    moved = replace(example, surface=surface, rates=rates, spend=spend)
    later = read(build, moved, TWENTY_EIGHT_YEARS)
    back = {name: [_moved(r, -TWENTY_EIGHT_YEARS) for r in rows] for name, rows in later.items()}
    check_same(back, read(build, example))


def read(build: SurfaceBuild, example: Example, later: timedelta = timedelta()) -> Relations:
    """The rows of every metric relation, in some order that the values give."""
    with build.filled(
        example.surface,
        rates=example.rates,
        fixed_rates=example.fixed_rates,
        spend=example.spend,
        segments=example.segments,
        later=later,
    ) as connection:
        names = connection.execute(
            "select table_name from information_schema.views where table_schema = 'tidemill'"
        ).fetchall()
        return {name: _rows(connection, name) for (name,) in names}


def check_same(found: Relations, expected: Relations) -> None:
    """Fail with some rows that are in one only."""
    for name, rows in expected.items():
        different = {repr(row) for row in rows} ^ {repr(row) for row in found[name]}
        assert not different, f"{name}: {sorted(different)[:4]}"
        assert len(found[name]) == len(rows), name


def _rows(connection: psycopg.Connection[Any], name: str) -> list[dict[str, Any]]:
    cursor = connection.execute(f"select * from tidemill.{name}")
    columns = [column.name for column in cursor.description or ()]
    rows = sorted(cursor.fetchall(), key=repr)
    # The id of a movement tells its day.
    return [
        {c: value for c, value in zip(columns, row, strict=True) if c != "movement_id"}
        for row in rows
    ]


def _levels(relations: Relations) -> dict[tuple[str, ...], Decimal]:
    return {
        tuple(str(value) for column, value in row.items() if not column.endswith("mrr")): row["mrr"]
        for row in relations["metric_mrr"]
    }


def _unit(row: Row) -> tuple[str, str, str]:
    return row["billing_source"], row["tenant_id"], row["customer_id"]


def _moved(row: Row, by: timedelta) -> dict[str, Any]:
    """A row with all its dates and instants moved."""
    return {name: v + by if isinstance(v, date | datetime) else v for name, v in row.items()}
