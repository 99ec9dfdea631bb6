"""Calendar periods in the reporting zone's days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property

ONE_DAY = timedelta(days=1)
GRAINS = ("day", "week", "month", "quarter", "year")
LONG_GRAINS = ("month", "quarter", "year")
MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Period:
    """Days from `start` up to, not including, `end`; `last` is the day whose end it shows."""

    grain: str
    start: date
    end: date
    is_complete: bool
    before: date
    last: date

    @cached_property
    def key(self) -> tuple[str, date, date, bool]:
        """The columns that name the period in every metric."""
        return (self.grain, self.start, self.end, self.is_complete)

    def days(self) -> Iterator[date]:
        """Each day of it that has come."""
        day = self.start
        while day <= self.last:
            yield day
            day += ONE_DAY


def start_of(grain: str, day: date) -> date:
    """The first day of the period a day lies in; weeks begin on Monday."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    months = MONTHS[grain]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def add_months(start: date, months: int) -> date:
    """The first of the month that lies a number of months after the first of a month."""
    years, month = divmod(start.month - 1 + months, 12)
    return date(start.year + years, month + 1, 1)


def next_start(grain: str, start: date) -> date:
    """The first day of the period after the one that begins on a day."""
    if grain == "day":
        return start + ONE_DAY
    if grain == "week":
        return start + 7 * ONE_DAY
    return add_months(start, MONTHS[grain])


@cache
def period(grain: str, day: date, today: date) -> Period:
    """The period a day lies in; one that still runs shows the state of today."""
    start = start_of(grain, day)
    end = next_start(grain, start)
    is_complete = end <= today
    return Period(grain, start, end, is_complete, start - ONE_DAY, min(end - ONE_DAY, today))


@cache
def periods(grain: str, first: date, today: date) -> list[Period]:
    """The periods from the one that holds the first day to the one that runs."""
    found: list[Period] = []
    day = first
    while day <= today:
        found.append(period(grain, day, today))
        day = found[-1].end
    return found
