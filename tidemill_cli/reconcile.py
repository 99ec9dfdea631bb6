"""Where the ledger's MRR and another's of the same subscriptions are not the same, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

_DAY = timedelta(days=1)
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Change:
    """What one day did to the MRR of a tenant in one currency, here and there."""

    tenant: str
    currency: str
    day: date
    ours: Decimal
    theirs: Decimal
    rounding: Decimal  # to the part of the difference that rounding of single items explains


@dataclass(frozen=True)
class Run:
    """Days in a row with one difference; the levels are those at the end of the last one."""

    tenant: str
    currency: str
    first: date
    last: date
    ours: Decimal
    theirs: Decimal
    rounding: Decimal

    @property
    def difference(self) -> Decimal:
        """What rounding does not explain."""
        return self.ours - self.theirs - self.rounding


@dataclass(frozen=True)
class Outcome:
    """What comparing the days from the first to the last came to."""

    first: date
    last: date
    runs: list[Run]  # with more than the tolerance
    largest: list[Run]  # by currency, also within the tolerance
    only_month_ends: bool = False

    @property
    def days(self) -> int:
        """How many days were compared."""
        if self.only_month_ends:
            return len(month_ends(self.first, self.last))
        return (self.last - self.first).days + 1

    @property
    def equal_days(self) -> int:
        """On how many of them no tenant and currency differed by more than the tolerance."""
        differing: set[int] = set()
        for run in self.runs:
            differing.update(range(run.first.toordinal(), run.last.toordinal() + 1))
        return self.days - len(differing)


@dataclass(frozen=True)
class Choice:
    """An option's values under which the two agree as the other is by default, and why."""

    values: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Deviation:
    """An option in force that the other's numbers are not made with by default."""

    option: str
    value: str
    why: str


def deviations(choices: Mapping[str, Choice], in_force: Mapping[str, str]) -> list[Deviation]:
    """The options in force that explain a difference."""
    return [
        Deviation(option, in_force[option], choice.why)
        for option, choice in choices.items()
        if option in in_force and in_force[option] not in choice.values
    ]


def month_ends(first: date, last: date) -> list[date]:
    """The last days of the months that end within these days."""
    days = (first + number * _DAY for number in range((last - first).days + 1))
    return [day for day in days if (day + _DAY).day == 1]


def compare(
    changes: Iterable[Change],
    first: date,
    stop: date,
    tolerance: Decimal,
    *,
    only_month_ends: bool = False,
) -> Outcome:
    """Compare levels at the end of each day of [first, stop), or of each last day of a month.

    Changes come in order of time.
    """
    runs: list[Run] = []
    largest: dict[str, Run] = {}
    ordered = sorted(changes, key=lambda change: (change.tenant, change.currency, change.day))
    for _, group in groupby(ordered, key=lambda change: (change.tenant, change.currency)):
        runs_of_days = _runs(_levels(group, first, stop))
        for run in _at_month_ends(runs_of_days) if only_month_ends else runs_of_days:
            if abs(run.difference) > tolerance:
                runs.append(run)
            known = largest.get(run.currency)
            if run.difference and (not known or abs(run.difference) > abs(known.difference)):
                largest[run.currency] = run
    runs.sort(key=lambda run: (run.first, run.tenant, run.currency))
    by_currency = [largest[name] for name in sorted(largest)]
    return Outcome(first, stop - _DAY, runs, by_currency, only_month_ends)


def _levels(changes: Iterable[Change], first: date, stop: date) -> Iterator[Run]:
    """The levels of one tenant and currency, each with the days of [first, stop) it holds for."""
    ours = theirs = rounding = _ZERO
    known = list(changes)
    ends = [*(change.day for change in known[1:]), stop]
    for change, end in zip(known, ends, strict=True):
        ours += change.ours
        theirs += change.theirs
        rounding += change.rounding
        start, last = max(change.day, first), min(end, stop) - _DAY
        if start <= last:
            yield Run(change.tenant, change.currency, start, last, ours, theirs, rounding)


def _runs(levels: Iterable[Run]) -> Iterator[Run]:
    """Levels with one difference, put together."""
    for _, group in groupby(levels, key=lambda level: level.difference):
        several = list(group)
        yield replace(several[-1], first=several[0].first)


def _at_month_ends(runs: Iterable[Run]) -> Iterator[Run]:
    """Of each run the last days of months, one by one."""
    for run in runs:
        for day in month_ends(run.first, run.last):
            yield replace(run, first=day, last=day)
