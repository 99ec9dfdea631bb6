"""Compare intervals over the same time, and say in words where they differ."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from .catalogue import END

Row = Mapping[str, Any]

PRICED = (
    *("status", "charge_kind", "plan", "actual_plan_id", "product", "quantity", "amount"),
    *("repeating_discount", "once_discount", "forever_discount", "period_unit", "period_count"),
)
# What is told of the whole subscription, as it is now.
LASTING = (
    *("billing_source", "customer_id", "item_id", "currency", "country", "scheduled_end_at"),
    *("cancel_requested_at", "cancel_effective_at", "cancel_reason", "is_voluntary_cancel"),
)
COLUMNS = (*PRICED, *LASTING)


def differences(
    expected: Iterable[Row], built: Iterable[Row], columns: Collection[str] = COLUMNS
) -> list[str]:
    """Return where the built intervals are not the expected ones, up to END."""
    problems = []
    left, right = _by_subscription(expected), _by_subscription(built)
    for name in sorted(left.keys() | right.keys()):
        rows, found = left.get(name, []), right.get(name, [])
        problems += [f"{name[:4]}: overlaps itself from {at}" for at in _overlaps(found)]
        edges = {edge for row in (*rows, *found) for edge in (row["valid_from"], _end(row))}
        for start, end in pairwise(sorted(edges)):
            said = _unequal(_at(rows, start), _at(found, start), columns)
            problems += [
                f"{name[:4]} {start:%m-%d %H:%M:%S} to {end:%m-%d %H:%M:%S}: {words}"
                for words in said
            ]
    return problems


def _by_subscription(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["valid_from"] < END:
            found[row["subscription_id"]].append(row)
    return found


def _end(row: Row) -> datetime:
    return min(row["valid_to"] or END, END)


def _at(rows: Iterable[Row], moment: datetime) -> Row | None:
    return next((row for row in rows if row["valid_from"] <= moment < _end(row)), None)


def _overlaps(rows: Iterable[Row]) -> list[datetime]:
    ordered = sorted(rows, key=lambda row: row["valid_from"])
    return [b["valid_from"] for a, b in pairwise(ordered) if b["valid_from"] < _end(a)]


def _unequal(wanted: Row | None, told: Row | None, columns: Collection[str]) -> list[str]:
    if wanted is None or told is None:
        if wanted is told:
            return []
        return [f"there is {_brief(told)}, in truth {_brief(wanted)}"]
    return [
        f"{column} is {told[column]}, in truth {wanted[column]}"
        for column in columns
        if wanted[column] != told[column]
    ]


def _brief(row: Row | None) -> str:
    if row is None:
        return "nothing"
    return f"{row['status']} {row['plan']} x {row['quantity']} at {row['amount']}"
