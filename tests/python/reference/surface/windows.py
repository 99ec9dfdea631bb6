"""Local days, and the windows whose ends are compared."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from .options import Options

ONE_DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
ONE_HOUR = timedelta(minutes=60)


@dataclass(frozen=True)
class Window:
    """What happens in a window counts once, on its day, by what is in force at its end."""

    day: date
    end: datetime


class Clock:
    """Days of the reporting zone, or of a tenant's own, up to now."""

    def __init__(self, options: Options, as_of: datetime) -> None:
        """Hold the zones and the instant that is now."""
        self.as_of = as_of
        self._zone = ZoneInfo(options.reporting_timezone)
        self._tenant_zones = {}
        for given in options.tenant_timezones:
            tenant, _, zone = given.rpartition("=")
            self._tenant_zones[tenant] = ZoneInfo(zone)

    def zone(self, tenant_id: str | None = None) -> ZoneInfo:
        """The zone of a tenant."""
        return self._tenant_zones.get(tenant_id or "", self._zone)

    def day(self, moment: datetime, tenant_id: str | None = None) -> date:
        """The local day of an instant."""
        return moment.astimezone(self.zone(tenant_id)).date()

    def today(self) -> date:
        """The last day that has begun in any of the zones."""
        zones = {self._zone, *self._tenant_zones.values()}
        return max(self.as_of.astimezone(zone).date() for zone in zones)

    def end_of(self, day: date, tenant_id: str | None = None) -> datetime:
        """The last instant of a day that has come: what begins later is not there yet."""
        following = day + ONE_DAY
        midnight = datetime(
            following.year, following.month, following.day, tzinfo=self.zone(tenant_id)
        )
        return min(midnight.astimezone(UTC) - INSTANT, self.as_of)

    def windows(
        self, instants: Iterable[datetime], netting: str, tenant_id: str | None = None
    ) -> list[Window]:
        """The windows in which a customer's instants up to now fall, in order."""
        past = sorted(moment for moment in instants if moment <= self.as_of)
        days = sorted({self.day(moment, tenant_id) for moment in past})
        if netting == "day":
            return [Window(day, self.end_of(day, tenant_id)) for day in days]
        if netting == "month":
            firsts = sorted({day.replace(day=1) for day in days})
            return [Window(first, self.end_of(last_of_month(first), tenant_id)) for first in firsts]
        if netting == "none":
            return [Window(self.day(moment, tenant_id), moment) for moment in past]
        windows: list[Window] = []
        for moment in past:
            if windows and moment - windows[-1].end <= ONE_HOUR:
                windows[-1] = Window(windows[-1].day, moment)
            else:
                windows.append(Window(self.day(moment, tenant_id), moment))
        return windows


def last_of_month(day: date) -> date:
    """The last day of the month that a day lies in."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - ONE_DAY
