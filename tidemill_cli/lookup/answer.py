"""What a look-up found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from tidemill_cli.database.lookups import ADDS_UP_TENANTS, Lookups
from tidemill_cli.errors import TidemillError
from tidemill_cli.lookup.metrics import DIMENSIONS, OWNERS, Metric, Shape
from tidemill_cli.lookup.question import Question
from tidemill_cli.lookup.rows import Row
from tidemill_cli.suggest import did_you_mean

if TYPE_CHECKING:
    from pandas import DataFrame

R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Answer(Sequence[R], Generic[R]):
    """The rows that answer a question, in order.

    `sql` is the statement that gave them. `adds_up_tenants` says whether amounts of more than one
    tenant were added up, and `note` what there is to say where there is no row.
    """

    question: Question
    rows: tuple[R, ...]
    sql: str
    latest: date  # the last day that there are numbers for
    adds_up_tenants: bool = False
    note: str | None = None

    @property
    def metric(self) -> Metric[Any]:
        """What was looked up."""
        return self.question.metric

    @property
    def columns(self) -> list[str]:
        """The columns that say something, in order."""
        splits = self.question.by if self.metric.shape is Shape.TUPLES else self._splits()
        return [
            *(["period_start", "period_end", "is_complete"] if self.metric.has_periods else []),
            *splits,
            *(["reporting_currency"] if self.metric.has_money else []),
            *self.metric.units,
        ]

    def _splits(self) -> list[str]:
        """Whose a slice is, and which one it is."""
        asked = [*self.question.by, *self.question.where]
        return [name for name in DIMENSIONS if name in OWNERS or name in asked]

    def values(self) -> list[dict[str, Any]]:
        """The rows as mappings."""
        return [{name: getattr(row, name) for name in self.columns} for row in self.rows]

    def to_pandas(self) -> DataFrame:
        """The rows as a data frame, amounts and rates exact (`Decimal`).

        Raises TidemillError where pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise TidemillError(
                "pandas is not installed: `pip install pandas`, or use the rows as they are."
            ) from None
        return pandas.DataFrame(self.values(), columns=self.columns)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def __iter__(self) -> Iterator[R]:
        """The rows, in order."""
        return iter(self.rows)

    @overload
    def __getitem__(self, index: int) -> R: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[R, ...]: ...
    def __getitem__(self, index: int | slice) -> R | tuple[R, ...]:
        """One row, or some."""
        return self.rows[index]


def look_up(lookups: Lookups, question: Question) -> Answer[Any]:
    """Ask the database; raises where a value that is asked for does not exist."""
    metric = question.metric
    latest = lookups.latest_day()
    selection = question.selection(latest or date.today())
    found, statement = lookups.rows(metric, selection)
    names = {one.name for one in fields(metric.row)}
    rows = tuple(
        metric.row(**{name: value for name, value in row.items() if name in names}) for row in found
    )
    return Answer(
        question,
        rows,
        statement,
        latest or date.today(),
        any(row.get(ADDS_UP_TENANTS) for row in found),
        None if rows else _why_nothing(lookups, question, latest),
    )


def _why_nothing(lookups: Lookups, question: Question, latest: date | None) -> str:
    """An empty answer is an answer, unless it comes from a value that does not exist."""
    name = question.metric.name
    if latest is None:
        return f"There is no {name} in this database yet."
    for dimension, values in question.where.items():
        existing = lookups.values_of(question.metric, dimension)
        for value in values:
            if value not in existing:
                raise TidemillError(
                    f"there is no {dimension} {value} in the metrics: "
                    f"{did_you_mean(value, existing)}"
                )
    return f"There is no {name} there: the numbers run to {latest}."
