"""What is asked of a metric, checked as far as that goes without the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tidemill_cli.database.lookups import Selection
from tidemill_cli.errors import TidemillError
from tidemill_cli.lookup.metrics import DIMENSIONS, OWNERS, Metric, Shape
from tidemill_cli.periods import Grain, default_start, parse_span
from tidemill_cli.suggest import did_you_mean

# Any day: only whether a word can be read is looked at.
_SOME_DAY = date(2026, 1, 31)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The words of a question, as they are written on a command line or in Python."""

    by: Sequence[str] = ()
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    currency: str | None = None
    source: str | None = None
    tenant: str | None = None
    segment: str | None = None
    compare: Sequence[str] = ()
    grain: Grain | None = None
    start: str | None = None
    end: str | None = None
    as_of: str | None = None


@dataclass(frozen=True)
class Question:
    """What is asked of a metric; its days are words until the latest day is known."""

    metric: Metric[Any]
    grain: Grain | None
    is_series: bool
    by: list[str] = field(default_factory=list)
    where: dict[str, list[str]] = field(default_factory=dict)
    start: str | None = None
    end: str | None = None
    as_of: str | None = None
    compares: list[str] = field(default_factory=list)  # segments, side by side

    def selection(self, latest: date) -> Selection:
        """The rows that answer it."""
        first, stop = self._days(latest)
        return Selection(
            grain=self.grain.value if self.grain else None,
            first=first,
            stop=stop,
            of_periods=not self.is_series,
            by=self.by,
            where=self.where,
        )

    def _days(self, latest: date) -> tuple[date | None, date | None]:
        if not self.metric.has_periods or self.grain is None:
            return None, None
        if not self.is_series:
            # Of a month, say, the level at its end.
            day = latest
            if self.as_of:
                day = parse_span(self.as_of, "--as-of", latest)[1] - timedelta(days=1)
            return day, day + timedelta(days=1)
        stop = parse_span(self.end, "--to", latest)[1] if self.end else latest + timedelta(days=1)
        if self.start is None:
            return default_start(self.grain, stop), stop
        first = parse_span(self.start, "--from", latest)[0]
        if first >= stop:
            until = f"--to {self.end}: swap them" if self.end else f"the latest day, {latest}"
            raise TidemillError(f"--from {self.start} is later than {until}.")
        return first, stop


def question(metric: Metric[Any], asked: Asked) -> Question:
    """What the words ask; raises with a sentence where they make no sense."""
    by = list(dict.fromkeys(asked.by))
    for name in by:
        _check_dimension(metric, name, "--by")
    where = _filters(metric, asked)
    compares = _compared(metric, asked)
    if compares:
        by, where = [*by, "segment"], {**where, "segment": compares}
    if len(where.get("segment", ())) > 1 and "segment" not in by:
        raise TidemillError(
            "a customer may be in several segments, so that they do not add up: --compare "
            f"{','.join(where['segment'])} shows each."
        )
    _check_dimensions(metric, by, where)
    for text, option in ((asked.start, "--from"), (asked.end, "--to"), (asked.as_of, "--as-of")):
        if text is not None:
            parse_span(text, option, _SOME_DAY)
    grain = asked.grain
    spans = asked.start is not None or asked.end is not None
    if not metric.has_periods and (grain or spans or asked.as_of):
        raise TidemillError(
            f"{metric.name} looks ahead from the latest day only: drop --grain, --from, --to and "
            "--as-of."
        )
    if asked.as_of and (spans or (grain and metric.is_level)):
        raise TidemillError(
            "--as-of asks for one level: drop it, or drop --grain, --from and --to."
            if metric.is_level
            else "--as-of asks for one period: drop it, or drop --from and --to."
        )
    if grain and grain not in metric.grains:
        raise TidemillError(
            f"{metric.name} has no grain {grain.value}: there are "
            f"{', '.join(one.value for one in metric.grains)}."
        )
    is_series = (
        metric.has_periods
        and not asked.as_of
        and (not metric.is_level or spans or grain is not None)
    )
    usual = metric.usual_grain if metric.has_periods else None
    if usual and spans and metric.is_level and Grain.MONTH in metric.grains:
        usual = Grain.MONTH
    return Question(
        metric, grain or usual, is_series, by, where, asked.start, asked.end, asked.as_of, compares
    )


def listed(words: Iterable[str]) -> list[str]:
    """Words that may hold several, divided by commas."""
    return [part.strip() for word in words for part in word.split(",") if part.strip()]


def conditions(words: Iterable[str]) -> dict[str, list[str]]:
    """What `--where plan=pro,country=DE` wants: of one dimension, any of several values."""
    wanted: dict[str, list[str]] = {}
    for condition in listed(words):
        name, equals, value = (part.strip() for part in condition.partition("="))
        if not equals or not value:
            raise TidemillError(f"--where {condition} cannot be read: write it as plan=pro.")
        wanted.setdefault(name, []).append(value)
    return wanted


def grain_named(word: str) -> Grain:
    """A grain by its name."""
    try:
        return Grain(word)
    except ValueError:
        raise TidemillError(f"there is no grain {word}: there are {', '.join(Grain)}.") from None


def _filters(metric: Metric[Any], asked: Asked) -> dict[str, list[str]]:
    filters: dict[str, list[str]] = {}
    for name, values in asked.where.items():
        _check_dimension(metric, name, "--where")
        filters[name] = list(values)
    for name in ("currency", "source", "tenant", "segment"):
        value = getattr(asked, name)
        if value:
            _check_dimension(metric, name, f"--{name}")
            filters.setdefault(name, []).append(value)
    if "currency" in filters:
        filters["currency"] = [code.upper() for code in filters["currency"]]
    return filters


def _compared(metric: Metric[Any], asked: Asked) -> list[str]:
    """The segments to show side by side."""
    compares = list(dict.fromkeys(asked.compare))
    if not compares:
        return []
    _check_dimension(metric, "segment", "--compare")
    if "segment" in asked.by or asked.segment or "segment" in asked.where:
        raise TidemillError("--compare names the segments to show: ask for no other.")
    if len(compares) == 1:
        raise TidemillError(f"--compare {compares[0]} names one segment: --segment shows one.")
    return compares


def _check_dimension(metric: Metric[Any], name: str, option: str) -> None:
    if name not in DIMENSIONS:
        raise TidemillError(
            f"{option} {name}: there is no such dimension; {did_you_mean(name, DIMENSIONS)}"
        )
    if name not in metric.split_by:
        raise TidemillError(
            f"{option}{'' if option == f'--{name}' else f' {name}'}: {metric.name} is not split by "
            f"{name}, but by {', '.join(metric.split_by)}."
        )


def _check_dimensions(
    metric: Metric[Any], by: Sequence[str], where: Mapping[str, Sequence[str]]
) -> None:
    """Of slices one dimension at a time is known, besides whose they are."""
    if metric.shape is Shape.TUPLES:
        return
    asked = [name for name in dict.fromkeys([*by, *where]) if name not in OWNERS]
    if len(asked) > 1:
        raise TidemillError(
            f"{metric.name} is counted for one dimension at a time, not for {' and '.join(asked)} "
            "together: ask for one of them."
        )
