"""Compare intervals over the same time, and say in words where they differ."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tidemill_cli.demo.stripe.catalog import digits

from .play import END

Row = Mapping[str, Any]

ITEM = ("subscription_id", "item_id")
PRICED = ("actual_plan_id", "plan", "product", "charge_kind", "quantity", "amount")
PERIOD = ("period_unit", "period_count")
KINDS = ("once_discount", "repeating_discount", "forever_discount")
# Of all kinds: known also where the kind is not.
DISCOUNTS = (*KINDS, "discount")
STATUS = ("status",)
# What is told of the whole subscription, as it is now.
LASTING = (
    *("billing_source", "customer_id", "currency", "country", "scheduled_end_at"),
    *("cancel_requested_at", "cancel_effective_at", "cancel_reason", "is_voluntary_cancel"),
    "recorded_at",
)
COLUMNS = (*STATUS, *PRICED, *PERIOD, *DISCOUNTS, *LASTING)
# Whether there is a row at all.
PRESENCE = "is there"

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Unknown:
    """What a source cannot tell of a subscription (or one item of it) for some time, and why."""

    why: str
    subscription_id: str
    since: datetime
    until: datetime
    columns: Collection[str] = (*COLUMNS, PRESENCE)
    item_id: str | None = None

    def covers(self, item: tuple[str, str], start: datetime, end: datetime, column: str) -> bool:
        """Tell whether it is about a column of an item over a time."""
        return (
            self.subscription_id == item[0]
            and self.item_id in (None, item[1])
            and self.since < end
            and start < self.until
            and column in self.columns
        )


def differences(
    expected: Iterable[Row],
    built: Iterable[Row],
    unknown: Iterable[Unknown] = (),
    columns: Collection[str] = COLUMNS,
) -> list[str]:
    """Return where the built intervals are not the expected ones, up to END."""
    problems = []
    left, right = _by_item(expected), _by_item(built)
    excuses: dict[str, list[Unknown]] = defaultdict(list)
    for excuse in unknown:
        excuses[excuse.subscription_id].append(excuse)
    for item in sorted(left.keys() | right.keys()):
        rows, found = left.get(item, []), right.get(item, [])
        problems += [f"{item}: overlaps itself from {row}" for row in _overlaps(found)]
        for start, end in _pieces([*rows, *found], excuses[item[0]]):
            for column, wanted, told in _unequal(_at(rows, start), _at(found, start), columns):
                if not any(e.covers(item, start, end, column) for e in excuses[item[0]]):
                    problems.append(
                        f"{item} {start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S}:"
                        f" {column} is {told}, in truth {wanted}"
                    )
    return problems


def _by_item(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["valid_from"] < END:
            found[row["subscription_id"], row["item_id"]].append(row)
    return found


def _end(row: Row) -> datetime:
    return min(row["valid_to"] or END, END)


def _pieces(rows: Iterable[Row], unknown: Iterable[Unknown]) -> Iterable[tuple[datetime, datetime]]:
    edges = {edge for row in rows for edge in (row["valid_from"], _end(row))}
    first = min(edges)
    edges |= {edge for e in unknown for edge in (e.since, e.until) if first < edge < END}
    return pairwise(sorted(edges))


def _at(rows: Iterable[Row], moment: datetime) -> Row | None:
    return next((row for row in rows if row["valid_from"] <= moment < _end(row)), None)


def _overlaps(rows: Iterable[Row]) -> list[datetime]:
    ordered = sorted(rows, key=lambda row: row["valid_from"])
    return [
        after["valid_from"] for row, after in pairwise(ordered) if after["valid_from"] < _end(row)
    ]


def _unequal(
    wanted: Row | None, told: Row | None, columns: Collection[str]
) -> list[tuple[str, object, object]]:
    if wanted is None or told is None:
        if wanted is told:
            return []
        return [(PRESENCE, _brief(wanted), _brief(told))]
    return [
        (column, wanted[column], _discount(told) if column == "discount" else told[column])
        for column in columns
        if not _is_equal(column, wanted, told)
    ]


def _is_equal(column: str, wanted: Row, told: Row) -> bool:
    if column == "quantity" and wanted["charge_kind"] == "metered":
        # How much is used is no quantity.
        return True
    if column in DISCOUNTS:
        # Invoices round each discount of each line, and the terms of a coupon are exact.
        unit = Decimal(1).scaleb(-digits(wanted["currency"].lower()))
        found = _discount(told) if column == "discount" else told[column]
        return bool(abs(wanted[column] - found) <= unit)
    if column == "amount" and wanted.get("is_taxed"):
        # Invoices round the tax that an amount has in it.
        unit = Decimal(1).scaleb(-digits(wanted["currency"].lower()))
        return bool(abs(wanted[column] - told[column]) <= unit)
    return bool(wanted[column] == told[column])


def _discount(row: Row) -> Decimal:
    return sum((row[kind] for kind in KINDS), Decimal(0))


def _brief(row: Row | None) -> str:
    if row is None:
        return "not there"
    return f"{row['status']} {row['plan']} x {row['quantity']} at {row['amount']}"
