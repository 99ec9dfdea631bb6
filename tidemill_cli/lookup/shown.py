"""An answer as people and programs read it."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from tidemill_cli.console import table
from tidemill_cli.errors import TidemillError
from tidemill_cli.lookup.answer import Answer
from tidemill_cli.lookup.metrics import OWNERS
from tidemill_cli.lookup.movements import Movement
from tidemill_cli.lookup.units import Unit, shown
from tidemill_cli.money import format_amount
from tidemill_cli.periods import Grain
from tidemill_cli.suggest import did_you_mean

_BARS = "▁▂▃▄▅▆▇█"
_MOST_LINES = 12
_FEWEST_POINTS = 3


def document(answer: Answer[Any]) -> dict[str, object]:
    """For programs: decimals as text, since a json number is a float to many."""
    question = answer.question
    return {
        "metric": answer.metric.name,
        **({"grain": question.grain.value} if question.grain else {}),
        "by": question.by,
        "where": question.where,
        "rows": plain_rows(answer.values()),
    }


def plain_rows(rows: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """Rows of what json can hold."""
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """A header and a line per row; what there is none of is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(_word(_plain(row[name])) for name in columns)
    return text.getvalue().rstrip("\n")


def movement_table(movements: Sequence[Movement]) -> str:
    """Movements one below the other, in the currency billed in."""
    headers = ["day", "type", "reason", "plan", "currency", "amount", "mrr after", "movement_id"]
    lines = [
        [
            one.movement_date.isoformat(),
            one.movement_type,
            one.reason,
            one.plan,
            one.currency,
            format_amount(one.amount, one.currency),
            format_amount(one.mrr_after, one.currency),
            one.movement_id,
        ]
        for one in movements
    ]
    return table(headers, lines, numeric={5, 6})


def table_text(answer: Answer[Any], columns: Sequence[str]) -> str:
    """An aligned table, and where it is a series what it looks like."""
    if answer.metric.name == "cohorts" and len(columns) == 1:
        return _triangle(answer, columns[0])
    units = answer.metric.units
    splits = _splits(answer)
    period = [answer.question.grain.value] if _is_dated(answer) and answer.question.grain else []
    money = ["reporting_currency"] if answer.metric.has_money else []
    headers = [*period, *splits, *money, *columns]
    lines = [
        [
            *([_period(row, answer.question.grain)] if period else []),
            *(_word(getattr(row, name)) for name in (*splits, *money)),
            *(shown(getattr(row, name), units[name], row.reporting_currency) for name in columns),
        ]
        for row in answer
    ]
    numeric = {
        position
        for position, name in enumerate(headers)
        if name in units and units[name] is not Unit.NAME
    }
    text = table(headers, lines, numeric)
    return "\n\n".join([text, *_sparklines(answer, splits)])


def compared_text(answer: Answer[Any], columns: Sequence[str]) -> str:
    """A table with a column per segment, of each of these columns."""
    metric, grain = answer.metric, answer.question.grain
    splits = [name for name in _splits(answer) if name != "segment"]
    keys = metric.columns_in(Unit.KEY, Unit.NAME)
    is_dated = _is_dated(answer) and grain is not None
    money = ["reporting_currency"] if metric.has_money else []
    segments = answer.question.compares
    lines: dict[tuple[str, ...], dict[tuple[str, str], str]] = {}
    for row in answer:
        named = (
            *([_period(row, grain)] if is_dated else []),
            *(_word(getattr(row, name)) for name in (*splits, *money)),
            *(shown(getattr(row, name), metric.units[name], None) for name in keys),
        )
        cells = lines.setdefault(named, {})
        for column in columns:
            value = shown(getattr(row, column), metric.units[column], row.reporting_currency)
            cells[column, row.segment] = value
    compared = [column for column in columns if column not in keys]
    headers = [
        *([grain.value] if is_dated and grain else []),
        *splits,
        *money,
        *keys,
        *(
            segment if len(compared) == 1 else f"{column} {segment}"
            for column in compared
            for segment in segments
        ),
    ]
    rows = [
        [*named, *(cells.get((c, segment), "") for c in compared for segment in segments)]
        for named, cells in lines.items()
        if any(cells.values())
    ]
    first = len(headers) - len(compared) * len(segments)
    text = table(headers, rows, numeric=set(range(first, len(headers))))
    title = f"{compared[0]}:\n" if len(compared) == 1 else ""
    return "\n\n".join([f"{title}{text}", *_sparklines(answer, [*splits, "segment"])])


def chosen_columns(answer_columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The columns of `--show`; raises where there is no such column."""
    for name in names:
        if name not in answer_columns:
            raise TidemillError(
                f"--show {name}: there is no such column; {did_you_mean(name, answer_columns)}"
            )
    return list(dict.fromkeys(names))


def last_day(answer: Answer[Any]) -> date:
    """The day at the end of which a level is what it is; the latest, while its period runs."""
    row = answer[0]
    return row.period_end - timedelta(days=1) if row.is_complete else answer.latest


def _is_dated(answer: Answer[Any]) -> bool:
    """Whether rows are told apart by their period."""
    return answer.question.is_series or not answer.metric.is_level


def _splits(answer: Answer[Any]) -> list[str]:
    """The dimensions to show: those asked for, and whose the rows are where that differs."""
    asked = [*answer.question.by]
    differing = [
        name for name in OWNERS if name not in asked and len({getattr(r, name) for r in answer}) > 1
    ]
    return [*differing, *asked]


def _period(row: Any, grain: Grain | None) -> str:  # noqa: ANN401 - any row with a period
    text = _period_name(row.period_start, grain)
    return text if row.is_complete else f"{text} so far"


def _period_name(start: date, grain: Grain | None) -> str:
    if grain is Grain.MONTH:
        return f"{start:%Y-%m}"
    if grain is Grain.QUARTER:
        return f"{start:%Y}-Q{(start.month + 2) // 3}"
    return f"{start:%Y}" if grain is Grain.YEAR else start.isoformat()


def _triangle(answer: Answer[Any], column: str) -> str:
    """A line per cohort, a column per period since it began."""
    unit = answer.metric.units[column]
    splits = _splits(answer)
    numbers = sorted({row.period_number for row in answer})
    headers = ["cohort", *splits, "reporting_currency", "customers", *map(str, numbers)]
    cells: dict[tuple[str, ...], dict[int, str]] = {}
    for row in answer:
        cohort = _period_name(row.cohort_start, answer.question.grain)
        key = (cohort, *(_word(getattr(row, name)) for name in splits))
        line = cells.setdefault(
            (*key, row.reporting_currency or "", f"{row.cohort_customers:,}"), {}
        )
        line[row.period_number] = shown(getattr(row, column), unit, row.reporting_currency)
    lines = [[*key, *(line.get(number, "") for number in numbers)] for key, line in cells.items()]
    first = len(splits) + 2
    return table(headers, lines, numeric=set(range(first, len(headers))))


def _sparklines(answer: Answer[Any], splits: Sequence[str]) -> list[str]:
    """What the headline did in each series; nothing where rows are of something else than time."""
    metric = answer.metric
    if not answer.question.is_series or metric.columns_in(Unit.NAME) or metric.name == "cohorts":
        return []
    keys = [name for name in metric.columns_in(Unit.KEY) if name.endswith("_months")]
    unit = metric.units[metric.headline]

    def series_of(row: Any) -> tuple[str, ...]:  # noqa: ANN401 - any row
        money = [row.reporting_currency or ""] if metric.has_money else []
        return (*(_word(getattr(row, name)) for name in (*splits, *keys)), *money)

    lines = []
    for name, rows in groupby(sorted(answer, key=series_of), key=series_of):
        known = [(getattr(row, metric.headline), row.reporting_currency) for row in rows]
        points = [(value, currency) for value, currency in known if value is not None]
        if len(points) < _FEWEST_POINTS:
            continue
        first, last = (shown(value, unit, currency) for value, currency in (points[0], points[-1]))
        label = " ".join([metric.headline, *name]).rstrip()
        lines.append([label, _bars([value for value, _ in points]), f"{first} to {last}"])
    if not lines or len(lines) > _MOST_LINES or not _can_draw():
        return []
    widths = [max(len(line[position]) for line in lines) for position in (0, 1)]
    return [
        "\n".join(
            f"{label.ljust(widths[0])}  {bars.ljust(widths[1])}  {ends}"
            for label, bars, ends in lines
        )
    ]


def _bars(values: Sequence[Decimal | int]) -> str:
    low, high = min(values), max(values)
    if low == high:
        return _BARS[0] * len(values)
    steps = len(_BARS) - 1
    return "".join(_BARS[int((value - low) * steps / (high - low))] for value in values)


def _can_draw() -> bool:
    try:
        _BARS.encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
