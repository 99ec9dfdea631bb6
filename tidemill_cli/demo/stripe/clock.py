"""Instants in unix seconds, and the boundaries of billing periods."""

from calendar import monthrange
from datetime import UTC, datetime
from typing import Literal

Interval = Literal["day", "week", "month", "year"]

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}


def instant(when: datetime) -> int:
    """Return an aware datetime as unix seconds; Stripe knows nothing finer."""
    if when.tzinfo is None:
        message = "instants need a time zone"
        raise ValueError(message)
    return int(when.timestamp())


def moment(seconds: int) -> datetime:
    """Return unix seconds as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def add_months(anchor: int, months: int) -> int:
    """Move an instant by months; a day the month does not have becomes its last."""
    start = moment(anchor)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    return instant(start.replace(year=year, month=month + 1, day=day))


def boundary_after(anchor: int, interval: Interval, count: int, start: int) -> int:
    """Return the first end of a period counted from the anchor that is after `start`."""
    if interval in _DAYS:
        length = _DAYS[interval] * count * DAY
        return anchor + ((start - anchor) // length + 1) * length
    months = _MONTHS[interval] * count
    first, since = moment(anchor), moment(start)
    passed = (since.year - first.year) * 12 + since.month - first.month
    number = passed // months
    while add_months(anchor, number * months) > start:
        number -= 1
    while (end := add_months(anchor, number * months)) <= start:
        number += 1
    return end


def day_text(seconds: int) -> str:
    """Return a day as descriptions of invoice lines spell it."""
    return f"{moment(seconds):%d %b %Y}"


def step(anchor: int, interval: Interval, count: int, number: int) -> int:
    """Return the boundary some periods away from the anchor."""
    if interval in _DAYS:
        return anchor + number * _DAYS[interval] * count * DAY
    return add_months(anchor, number * count * _MONTHS[interval])
