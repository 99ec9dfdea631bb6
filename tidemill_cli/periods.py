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
_LENGTH = re.compile(r"(\d{1,6})(ms|s|m|h|d)")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_QUARTER = re.compile(r"(\d{4})-[Qq]([1-4])")
_YEAR = re.compile(r"\d{4}")
_BACK = re.compile(r"([1-9]\d{0,3})(d|w|m|q|y)")
_MONTHS_BACK = {"m": 1, "q": 3, "y": 12}
_RELATIVE = (
    "today",
    "yesterday",
    *(f"{which}-{length}" for length in list(Grain)[1:] for which in ("this", "last")),
)


def parse_day(text: str, option: str) -> date:
    """A day, written 2026-03-01."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise TidemillError(f"{option} {text} is not a date: write it as 2026-03-31.") from None


def parse_span(text: str, option: str, latest: date | None = None) -> tuple[date, date]:
    """The half-open span of a day (2026-03-01), month (2026-03), quarter (2026-Q1) or year (2026).

    Where `latest` says which day is today, also of last-month and the like, and of 12m, the twelve
    months up to it.
    """
    try:
        found = _calendar_span(text) or (_relative_span(text.lower(), latest) if latest else None)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        also = ", last-month or 12m" if latest else ""
        raise TidemillError(
            f"{option} {text} is not a date: write it as 2026-03-01, or 2026-03 for a month{also}."
        )
    return found


def parse_period(text: str, option: str, latest: date) -> tuple[Grain, date, date]:
    """One period and its grain: 2026-03-01, 2026-03, 2026-Q1, 2026, last-month and the like."""
    first, stop = parse_span(text, option, latest)
    for grain in Grain:
        if period_of(first, grain) == (first, stop):
            return grain, first, stop
    raise TidemillError(f"{option} {text} is not one period: name a day, month, quarter or year.")


def period_of(day: date, grain: Grain) -> tuple[date, date]:
    """The half-open period that a day is in; weeks begin on Monday."""
    if grain is Grain.DAY:
        return day, day + timedelta(days=1)
    if grain is Grain.WEEK:
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=7)
    months = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[grain]
    start = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    return start, months_later(start, months)


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last of a month that is too short for it."""
    years, month = divmod(day.month - 1 + months, 12)
    start = date(day.year + years, month + 1, 1)
    following = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    return min(start.replace(day=1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def _calendar_span(text: str) -> tuple[date, date] | None:
    if found := _MONTH.fullmatch(text):
        return period_of(date(int(found[1]), int(found[2]), 1), Grain.MONTH)
    if found := _QUARTER.fullmatch(text):
        return period_of(date(int(found[1]), int(found[2]) * 3, 1), Grain.QUARTER)
    if _YEAR.fullmatch(text):
        return period_of(date(int(text), 1, 1), Grain.YEAR)
    try:
        return period_of(date.fromisoformat(text), Grain.DAY)
    except ValueError:
        return None


def _relative_span(text: str, latest: date) -> tuple[date, date] | None:
    if found := _BACK.fullmatch(text):
        stop, number, unit = latest + timedelta(days=1), int(found[1]), found[2]
        if unit in _MONTHS_BACK:
            return months_later(stop, -number * _MONTHS_BACK[unit]), stop
        return stop - timedelta(days=number * (7 if unit == "w" else 1)), stop
    if text not in _RELATIVE:
        return None
    if text in ("today", "yesterday"):
        return period_of(latest - timedelta(days=text == "yesterday"), Grain.DAY)
    which, _, length = text.partition("-")
    start, stop = period_of(latest, Grain(length))
    if which == "last":
        start, stop = period_of(start - timedelta(days=1), Grain(length))
    return start, stop


def default_start(grain: Grain, end: date) -> date:
    """Where a series begins when nobody says."""
    return end - timedelta(days=_DEFAULT_DAYS[grain])


def previous_month(day: date) -> date:
    """The first day of the last month that is complete on this day."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def parse_length(text: str, option: str, *, may_be_none: bool = False) -> timedelta:
    """A length of time: 500ms, 90s, 15m, 2h, 1d; 0s only where none at all means something."""
    found = _LENGTH.fullmatch(text)
    if not found or not (int(found[1]) or may_be_none):
        raise TidemillError(f"{option} {text} cannot be read: write it as 90s, 15m, 2h or 1d.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
