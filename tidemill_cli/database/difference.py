"""What differs between two builds, metric by metric."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from psycopg import sql

from tidemill_cli.database import catalog
from tidemill_cli.database.session import Session

# Of the types that measures have, but telling rows apart.
_COUNTS_THAT_NAME = {"period_number"}
# These say which build a row is of, or where it comes from, not what the metric is.
_ASIDE = {"definitions_hash", "as_of", "movement_id", "sequence", "source_rows", "recorded_at"}
_MEASURES = ("numeric", "bigint")


@dataclass(frozen=True)
class Difference:
    """How one metric changed from one build to another."""

    metric: str
    rows_before: int
    rows_after: int
    added: int
    removed: int
    changed: int
    largest: LargestChange | None
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        """Whether readers see the same numbers in both."""
        return not (
            self.added or self.removed or self.changed or self.columns_added or self.columns_removed
        )


@dataclass(frozen=True)
class LargestChange:
    """The measure that changed most, of rows that are in both builds."""

    column: str
    before: Decimal
    after: Decimal
    row: dict[str, Any]  # what tells the row apart

    @property
    def change(self) -> Decimal:
        """By how much."""
        return self.after - self.before


def difference(session: Session, before: str, after: str, metric: str) -> Difference:
    """Compare a metric of two builds; rows that nothing tells apart are added up first."""
    old = catalog.columns(session, before, metric)
    new = catalog.columns(session, after, metric)
    old_names, new_names = [one.name for one in old], [one.name for one in new]
    shared = [one for one in new if one.name in old_names and one.name not in _ASIDE]
    measures = [one.name for one in shared if _is_measure(one)]
    keys = [one.name for one in shared if not _is_measure(one)]
    sides = _sides(before, after, metric, keys, measures)
    counts = session.execute(sides + _COUNTS + _filter_changed(measures)).fetchone()
    if counts is None:
        raise TypeError(metric)
    rows_before, rows_after, added, removed, changed = counts
    return Difference(
        metric=metric,
        rows_before=rows_before,
        rows_after=rows_after,
        added=added,
        removed=removed,
        changed=changed,
        largest=_largest(session, sides, keys, measures) if changed else None,
        columns_added=tuple(name for name in new_names if name not in old_names),
        columns_removed=tuple(name for name in old_names if name not in new_names),
    )


def _is_measure(column: catalog.Column) -> bool:
    return column.type.startswith(_MEASURES) and column.name not in _COUNTS_THAT_NAME


def _sides(
    before: str, after: str, metric: str, keys: list[str], measures: list[str]
) -> sql.Composed:
    """The rows of both builds, one per key; where a key is in one only, the other has nulls."""
    key = sql.SQL("jsonb_build_array({})").format(sql.SQL(", ").join(map(sql.Identifier, keys)))
    sums = [sql.SQL("sum({0}) as {0}").format(sql.Identifier(name)) for name in measures]
    columns = sql.SQL(", ").join(
        [sql.SQL("{} as row_key").format(key), sql.SQL("count(*) as row_count"), *sums]
    )
    one_side = "select {} from {} group by 1"
    return sql.SQL(f"with old as ({one_side}), new as ({one_side}) ").format(
        columns,
        sql.Identifier(before, metric),
        columns,
        sql.Identifier(after, metric),
    )


_COUNTS = sql.SQL(
    """
    select
        coalesce(sum(old.row_count), 0)::bigint,
        coalesce(sum(new.row_count), 0)::bigint,
        coalesce(sum(new.row_count) filter (where old.row_key is null), 0)::bigint,
        coalesce(sum(old.row_count) filter (where new.row_key is null), 0)::bigint,
        count(*) filter (where old.row_key = new.row_key and is_changed)
    from old
    full join new on old.row_key = new.row_key
    """
)


def _filter_changed(measures: list[str]) -> sql.Composed:
    names = ("row_count", *measures)
    sides = (
        sql.SQL(", ").join(sql.Identifier(side, name) for name in names) for side in ("old", "new")
    )
    return sql.SQL(
        "cross join lateral (select ({}) is distinct from ({}) as is_changed) as compared"
    ).format(*sides)


def _largest(
    session: Session, sides: sql.Composed, keys: list[str], measures: list[str]
) -> LargestChange | None:
    values = sql.SQL(", ").join(
        sql.SQL("({}, {}::numeric, {}::numeric)").format(
            sql.Literal(name), sql.Identifier("old", name), sql.Identifier("new", name)
        )
        for name in measures
    )
    query = sql.SQL(
        """
        select measured.name, measured.before, measured.after, new.row_key
        from old
        inner join new on old.row_key = new.row_key
        cross join lateral (values {}) as measured (name, before, after)
        where measured.before <> measured.after
        order by abs(measured.after - measured.before) desc, new.row_key, measured.name
        limit 1
        """
    ).format(values)
    found = session.execute(sides + query).fetchone() if measures else None
    if found is None:
        return None
    column, old, new, row_key = found
    return LargestChange(column, old, new, dict(zip(keys, row_key, strict=True)))
