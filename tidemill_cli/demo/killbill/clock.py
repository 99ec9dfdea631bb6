"""Instants, the local days of an account, and the lengths of billing periods."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

# Billing period -> (unit, how many); what has no period is billed never.
PERIODS: dict[str, tuple[str, int]] = {
    "DAILY": ("days", 1),
    "WEEKLY": ("days", 7),
    "BIWEEKLY": ("days", 14),
    "THIRTY_DAYS": ("days", 30),
    "THIRTY_ONE_DAYS": ("days", 31),
    "SIXTY_DAYS": ("days", 60),
    "NINETY_DAYS": ("days", 90),
    "MONTHLY": ("months", 1),
    "BIMESTRIAL": ("months", 2),
    "QUARTERLY": ("months", 3),
    "TRIANNUAL": ("months", 4),
    "BIANNUAL": ("months", 6),
    "ANNUAL": ("months", 12),
    "SESQUIENNIAL": ("months", 18),
    "BIENNIAL": ("months", 24),
    "TRIENNIAL": ("months", 36),
}
NO_BILLING_PERIOD = "NO_BILLING_PERIOD"


def instant(when: datetime) -> datetime:
    """Return an aware datetime in UTC, to the second."""
    if when.tzinfo is None:
        message = "instants need a time zone"
        raise ValueError(message)
    return when.astimezone(UTC).replace(microsecond=0)


def offset_of(time_zone: str, reference: datetime) -> timedelta:
    """Return the offset an account has for ever: its zone's when its reference time was."""
    if time_zone[0] in "+-":
        hours, minutes = time_zone[1:].split(":")
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return -offset if time_zone[0] == "-" else offset
    return ZoneInfo(time_zone).utcoffset(reference.astimezone(ZoneInfo(time_zone))) or timedelta(0)


def add_months(start: date, months: int, day: int | None = None) -> date:
    """Move a day by months; a day the month does not have becomes its last."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day or start.day, last))


def later(start: datetime, unit: str, number: int) -> datetime:
    """Return the instant some days, weeks, months or years later."""
    if unit in ("DAYS", "WEEKS"):
        return start + timedelta(days=number * (7 if unit == "WEEKS" else 1))
    months = number * (12 if unit == "YEARS" else 1)
    return datetime.combine(add_months(start.date(), months), start.time(), start.tzinfo)


def advance(first: date, period: str, number: int, billing_day: int) -> date:
    """Return the boundary some periods away; those of months stay on the billing day."""
    unit, count = PERIODS[period]
    if unit == "days":
        return first + timedelta(days=count * number)
    return add_months(first, count * number, billing_day)


def first_boundary(start: date, period: str, billing_day: int) -> date:
    """Return the first boundary at or after a day: only periods of months have a billing day.

    It is in the same month, or a whole period later.
    """
    unit, count = PERIODS[period]
    if unit == "days":
        return start
    found = add_months(start, 0, billing_day)
    return found if found >= start else add_months(start, count, billing_day)
