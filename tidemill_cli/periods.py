"""Dates and months as people write them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import StrEnum

from tidemill_cli.errors import TidemillError


class Grain(StrEnum):
    """Period lengths that metrics come in."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


# How much of a series is shown when nobody says from when.
_DEFAULT_DAYS = {
    Grain.DAY: 30,
    Grain.WEEK: 7 * 12,
    Grain.MONTH: 365,
    Grain.QUARTER: 365 * 2,
    Grain.YEAR: 365 * 10,
}
_LENGTH = re.compile(r"([1-9]\d*)(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MONTH = re.compile(r"(\d{4})-(\d{2})")


def parse_day(text: str, option: str) -> date:
    """A day, written 2026-03-01."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise TidemillError(f"{option} {text} is not a date: write it as 2026-03-31.") from None


def parse_span(text: str, option: str) -> tuple[date, date]:
    """The half-open span of a day (2026-03-01) or of a month (2026-03)."""
    month = _MONTH.fullmatch(text)
    try:
        if month:
            year, number = int(month[1]), int(month[2])
            start = date(year, number, 1)
            return start, date(year + number // 12, number % 12 + 1, 1)
        start = date.fromisoformat(text)
    except ValueError:
        raise TidemillError(
            f"{option} {text} is not a date: write it as 2026-03-01, or 2026-03 for a month."
        ) from None
    return start, start + timedelta(days=1)


def default_start(grain: Grain, end: date) -> date:
    """Where a series begins when nobody says."""
    return end - timedelta(days=_DEFAULT_DAYS[grain])


def previous_month(day: date) -> date:
    """The first day of the last month that is complete on this day."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def parse_length(text: str, option: str) -> timedelta:
    """A length of time: 90s, 15m, 2h, 1d."""
    found = _LENGTH.fullmatch(text)
    if not found:
        raise TidemillError(f"{option} {text} cannot be read: write it as 90s, 15m, 2h or 1d.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
