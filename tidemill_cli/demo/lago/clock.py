"""Instants, time zones and billing periods.

Instants are whole microseconds since 1970 UTC: cheap to compare, and written to the database
without conversion. Days are proleptic ordinals in the customer's time zone. Billing periods are
half-open runs of local days, shared by all customers of the same zone, interval and anchor.
"""

from calendar import monthrange
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo

MILLISECOND = 1000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NEVER = 1 << 62
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_TEXT_CACHE_SIZE = 200_000

MONTHS = {"monthly": 1, "quarterly": 3, "semiannual": 6, "yearly": 12}


def instant(moment: datetime) -> int:
    """Turn an aware datetime into microseconds since 1970 UTC."""
    if moment.tzinfo is None:
        message = f"expected a time with a time zone, got {moment!r}"
        raise ValueError(message)
    span = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return span.days * DAY + span.seconds * SECOND + span.microseconds


class _InstantText(dict[int, str]):
    """Instants as PostgreSQL reads them; billing runs make the same few appear again and again."""

    def __missing__(self, moment: int) -> str:
        if len(self) > _TEXT_CACHE_SIZE:
            self.clear()
        days, rest = divmod(moment, DAY)
        seconds, micros = divmod(rest, SECOND)
        hours, seconds = divmod(seconds, 3600)
        minutes, seconds = divmod(seconds, 60)
        day = DAY_TEXT[days + _EPOCH_DAY]
        text = f"{day} {hours:02d}:{minutes:02d}:{seconds:02d}.{micros:06d}"
        self[moment] = text
        return text


class _DayText(dict[int, str]):
    """Ordinals as ISO dates."""

    def __missing__(self, day: int) -> str:
        text = self[day] = date.fromordinal(day).isoformat()
        return text


DAY_TEXT = _DayText()
TEXT = _InstantText()


def iso(moment: int) -> str:
    """Write an instant the way Lago does inside jsonb, to the millisecond."""
    return TEXT[moment][:23].replace(" ", "T") + "Z"


def next_tick(moment: int, minute: int, every: int = HOUR) -> int:
    """Return the first run at or after an instant of a job that runs at that minute past."""
    offset = minute * MINUTE
    return -((offset - moment) // every) * every + offset


class Zone:
    """A time zone with its local midnights cached."""

    __slots__ = ("_dates", "_info", "_midnights", "name")

    def __init__(self, name: str) -> None:
        """Open an IANA zone."""
        self.name = name
        self._info = ZoneInfo(name)
        self._midnights: dict[int, int] = {}
        self._dates: dict[int, str] = {}

    def midnight(self, day: int) -> int:
        """Return the instant a local day begins."""
        found = self._midnights.get(day)
        if found is None:
            local = date.fromordinal(day)
            found = instant(datetime(local.year, local.month, local.day, tzinfo=self._info))
            self._midnights[day] = found
        return found

    def day(self, moment: int) -> int:
        """Return the local day of an instant."""
        guess = moment // DAY + _EPOCH_DAY
        if moment < self.midnight(guess):
            return guess - 1
        return guess + 1 if moment >= self.midnight(guess + 1) else guess

    def date_text(self, moment: int) -> str:
        """Return the local date of an instant, as PostgreSQL reads it."""
        found = self._dates.get(moment)
        if found is None:
            if len(self._dates) > _TEXT_CACHE_SIZE:
                self._dates.clear()
            found = self._dates[moment] = DAY_TEXT[self.day(moment)]
        return found


@cache
def zone(name: str) -> Zone:
    """Return the shared zone of that name."""
    return Zone(name)


class Period:
    """One full billing period: local days `[first, last)`."""

    __slots__ = (
        "_following",
        "calendar",
        "days",
        "first",
        "key",
        "last",
        "run_at",
        "starts",
        "until",
        "whole",
    )

    def __init__(self, calendar: "BillingCalendar", key: int, first: int, last: int) -> None:
        """Describe the period that starts on a local day and ends before another."""
        self.calendar = calendar
        self.key = key
        self.first = first
        self.last = last
        self.days = last - first
        self.starts = calendar.zone.midnight(first)
        self.until = calendar.zone.midnight(last)
        # The billing job runs at ten past every hour and takes whoever has billing day today.
        self.run_at = next_tick(self.starts, 10)
        self._following: Period | None = None
        self.whole = Window(self, first, last)

    def window(self, first: int, last: int) -> "Window":
        """Return the part of the period inside the days a subscription lived."""
        if first <= self.first and last >= self.last:
            return self.whole
        return Window(self, max(self.first, first), min(self.last, last))

    @property
    def following(self) -> "Period":
        """Return the next period."""
        found = self._following
        if found is None:
            found = self._following = self.calendar.keyed(self.key + 1)
        return found

    @property
    def preceding(self) -> "Period":
        """Return the period before."""
        return self.calendar.keyed(self.key - 1)


class Window:
    """The part of a period that is billed, in local days `[first, last)`."""

    __slots__ = ("ends", "ends_text", "first", "last", "period", "starts", "starts_text")

    def __init__(self, period: Period, first: int, last: int) -> None:
        """Take some days of a period; it may be none."""
        self.period = period
        self.first = first
        self.last = last
        midnight = period.calendar.zone.midnight
        self.starts = midnight(first)
        # Lago's ends are inclusive, at 23:59:59.999 local.
        self.ends = midnight(last) - MILLISECOND
        self.starts_text = TEXT[self.starts]
        self.ends_text = TEXT[self.ends]


class BillingCalendar:
    """The sequence of billing periods of an interval, by calendar or from an anchor day."""

    def __init__(self, in_zone: Zone, interval: str, anchor: tuple[int, int]) -> None:
        """Lay out periods; the anchor is (weekday, 0) or (month offset, day of month)."""
        self.zone = in_zone
        self.months = MONTHS.get(interval, 0)
        self.anchor = anchor
        self._periods: dict[int, Period] = {}

    def _first_day(self, key: int) -> int:
        phase, day = self.anchor
        if not self.months:
            return key * 7 + phase
        year, month = divmod(key * self.months + phase, 12)
        # The 31st of a shorter month is its last day.
        return date(year, month + 1, min(day, monthrange(year, month + 1)[1])).toordinal()

    def keyed(self, key: int) -> Period:
        """Return the period with a running number."""
        period = self._periods.get(key)
        if period is None:
            period = Period(self, key, self._first_day(key), self._first_day(key + 1))
            self._periods[key] = period
        return period

    def containing(self, day: int) -> Period:
        """Return the period a local day falls into."""
        if self.months:
            local = date.fromordinal(day)
            key = (local.year * 12 + local.month - 1 - self.anchor[0]) // self.months
        else:
            key = (day - self.anchor[0]) // 7
        period = self.keyed(key)
        return self.keyed(key - 1) if day < period.first else period


@cache
def _calendar(zone_name: str, interval: str, anchor: tuple[int, int]) -> BillingCalendar:
    return BillingCalendar(zone(zone_name), interval, anchor)


def billing_calendar(
    in_zone: Zone, interval: str, billing_time: str, anchor_day: int
) -> BillingCalendar:
    """Return the shared calendar of an interval; the anchor day only matters for `anniversary`."""
    months = MONTHS.get(interval, 0)
    if billing_time == "calendar":
        anchor = (0, 1) if months else (1, 0)
    elif months:
        local = date.fromordinal(anchor_day)
        anchor = ((local.month - 1) % months, local.day)
    else:
        anchor = (anchor_day % 7, 0)
    return _calendar(in_zone.name, interval, anchor)
