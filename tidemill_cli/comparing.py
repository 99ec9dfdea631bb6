"""What differs between two builds: found, and told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tidemill_cli.console import emit, narrate, table
from tidemill_cli.database.definitions import set_of
from tidemill_cli.database.difference import Difference, LargestChange, difference
from tidemill_cli.database.session import Session
from tidemill_cli.definitions import changed
from tidemill_cli.facade import public_relations

# All builds share the history of definitions; by which ones each was made is told apart.
_SHARED = {"metric_definitions"}
_WIDTH = 100  # of the last column


@dataclass(frozen=True)
class Comparison:
    """What one build has that another has not, metric by metric."""

    before: str
    after: str
    definitions: list[tuple[str, str | None, str | None]]  # those that differ, with both values
    metrics: list[Difference]  # that both have
    only_before: list[str]
    only_after: list[str]

    @property
    def is_none(self) -> bool:
        """Whether readers see the same in both."""
        return all(one.is_none for one in self.metrics) and not (
            self.only_before or self.only_after
        )


def compare(session: Session, before: str, after: str) -> Comparison:
    """Compare all that people read of two builds."""
    old, new = (
        {one.name for one in public_relations(session, build)} - _SHARED
        for build in (before, after)
    )
    sets = [set_of(session, build) for build in (before, after)]
    old_values, new_values = (one.values if one else {} for one in sets)
    return Comparison(
        before,
        after,
        [
            (option, old_values.get(option), new_values.get(option))
            for option in (changed(old_values, new_values) if all(sets) else ())
        ],
        [difference(session, before, after, metric) for metric in sorted(old & new)],
        sorted(old - new),
        sorted(new - old),
    )


def show(found: Comparison) -> None:
    """Print it, the table as data."""
    narrate(f"From build {found.before} to {found.after}")
    for option, old, new in found.definitions:
        narrate(f"  {option}: {old} -> {new}")
    for build, metrics in ((found.before, found.only_before), (found.after, found.only_after)):
        for metric in metrics:
            narrate(f"{metric} is only in {build}.")
    emit(_table(found.metrics))


def document(found: Comparison) -> dict[str, Any]:
    """The same for a program."""
    return {
        "before": found.before,
        "after": found.after,
        "definitions": [
            {"option": option, "before": old, "after": new}
            for option, old, new in found.definitions
        ],
        "metrics": [_document(one) for one in found.metrics],
    }


def _table(found: list[Difference]) -> str:
    headers = ["metric", "rows", "added", "removed", "changed", "largest change"]
    rows = []
    for one in found:
        numbers = (one.rows_after, one.added, one.removed, one.changed)
        rows.append([one.metric, *(f"{number:,}" for number in numbers), _remark(one)])
    return table(headers, rows, numeric={1, 2, 3, 4})


def _remark(one: Difference) -> str:
    parts = [f"new column {name}" for name in one.columns_added]
    parts += [f"no column {name}" for name in one.columns_removed]
    if one.largest:
        parts.append(_told(one.largest))
    text = "; ".join(parts)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _told(largest: LargestChange) -> str:
    where = ", ".join(
        str(value) for value in largest.row.values() if value not in (None, "all", True, False)
    )
    return f"{largest.column} {largest.change.normalize():+f} ({where})"


def _document(one: Difference) -> dict[str, Any]:
    largest = one.largest
    return {
        "metric": one.metric,
        "rows_before": one.rows_before,
        "rows_after": one.rows_after,
        "added": one.added,
        "removed": one.removed,
        "changed": one.changed,
        "columns_added": list(one.columns_added),
        "columns_removed": list(one.columns_removed),
        "largest_change": {
            "column": largest.column,
            "before": f"{largest.before:f}",
            "after": f"{largest.after:f}",
            "row": largest.row,
        }
        if largest
        else None,
    }
