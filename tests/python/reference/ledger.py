"""Customers to the ledger: levels, movements and waterfalls, walked day by day (rules F, G)."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

from .items import Options
from .lago import Customer, Dimensions, read_customers
from .rows import Tables

Level = dict[Dimensions, Decimal]
ZERO = Decimal(0)
ONE_DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
# Far more digits than any amount here needs: only the roundings the rules ask for take place.
DIGITS = 60

PERIOD_START: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
    "quarter": lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
    "year": lambda day: day.replace(month=1, day=1),
}


@dataclass(frozen=True)
class LevelChange:
    """How much of a customer's MRR came to or left a dimension tuple in a day."""

    tenant_id: str
    customer_id: str
    dimensions: Dimensions
    day: date
    amount: Decimal


@dataclass(frozen=True)
class Movement:
    """One customer's change in one currency over one day.

    `total` is signed and is the sum of `changes`, the changes of the dimension tuples. A change
    that only moves money between tuples has type `transfer` and total 0.
    """

    tenant_id: str
    customer_id: str
    currency: str
    day: date
    type: str
    total: Decimal
    changes: Level


@dataclass(frozen=True)
class TupleWaterfall:
    """One dimension tuple's level before and after a period."""

    opening: Decimal
    change: Decimal
    closing: Decimal


@dataclass
class Waterfall:
    """The waterfall of one tenant and currency over a period; losses are positive."""

    opening: Decimal = ZERO
    new: Decimal = ZERO
    reactivation: Decimal = ZERO
    expansion: Decimal = ZERO
    contraction: Decimal = ZERO
    churn: Decimal = ZERO
    closing: Decimal = ZERO


@dataclass
class Result:
    """Every number the reference knows, up to the local day of `as_of`."""

    last_day: date
    level_changes: list[LevelChange] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)

    def days(self) -> Iterator[tuple[date, Level]]:
        """Each day from the first change on, with the level at its end."""
        by_day: dict[date, list[LevelChange]] = defaultdict(list)
        for change in self.level_changes:
            by_day[change.day].append(change)
        if not by_day:
            return
        day, level = min(by_day), Level()
        while day <= self.last_day:
            for change in by_day.get(day, ()):
                level[change.dimensions] = level.get(change.dimensions, ZERO) + change.amount
                if level[change.dimensions] == 0:
                    del level[change.dimensions]
            yield day, dict(level)
            day += ONE_DAY

    def levels(self, day: date) -> Level:
        """MRR by dimension tuple at the end of a day."""
        level: Level = {}
        for change in self.level_changes:
            if change.day <= day:
                level[change.dimensions] = level.get(change.dimensions, ZERO) + change.amount
        return {dimensions: amount for dimensions, amount in level.items() if amount}

    def active_customers(self, day: date) -> dict[str, set[str]]:
        """The customers with MRR at the end of a day, by tenant."""
        totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for change in self.level_changes:
            if change.day <= day:
                totals[change.tenant_id, change.customer_id] += change.amount
        active: dict[str, set[str]] = {}
        for (tenant_id, customer_id), total in totals.items():
            if total > 0:
                active.setdefault(tenant_id, set()).add(customer_id)
        return active

    def active_counts(self) -> Iterator[tuple[date, dict[str, int]]]:
        """Each day from the first change on, with the number of active customers by tenant."""
        by_day: dict[date, list[LevelChange]] = defaultdict(list)
        for change in self.level_changes:
            by_day[change.day].append(change)
        totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        counts: dict[str, int] = defaultdict(int)
        day = min(by_day, default=self.last_day + ONE_DAY)
        while day <= self.last_day:
            for change in by_day.get(day, ()):
                customer = (change.tenant_id, change.customer_id)
                counts[change.tenant_id] -= totals[customer] > 0
                totals[customer] += change.amount
                counts[change.tenant_id] += totals[customer] > 0
            yield day, {tenant_id: count for tenant_id, count in counts.items() if count}
            day += ONE_DAY

    def waterfall(self, grain: str) -> dict[tuple[date, Dimensions], TupleWaterfall]:
        """Opening, change and closing of each tuple in each period; empty rows are left out."""
        opening: Level = {}
        closing: Level = {}
        rows: dict[tuple[date, Dimensions], TupleWaterfall] = {}
        for day, level in self.days():
            period = PERIOD_START[grain](day)
            if period == day:
                opening = closing
            closing = level
            if day == self.last_day or PERIOD_START[grain](day + ONE_DAY) != period:
                for dimensions in opening.keys() | closing.keys():
                    before, after = opening.get(dimensions, ZERO), closing.get(dimensions, ZERO)
                    rows[period, dimensions] = TupleWaterfall(before, after - before, after)
        return rows

    def waterfall_totals(self, grain: str) -> dict[tuple[date, str, str], Waterfall]:
        """The typed waterfall by (period start, tenant, currency)."""
        rows: dict[tuple[date, str, str], Waterfall] = defaultdict(Waterfall)
        for (period, dimensions), row in self.waterfall(grain).items():
            total = rows[period, dimensions[1], dimensions[4]]
            total.opening += row.opening
            total.closing += row.closing
        for movement in self.movements:
            if movement.type != "transfer":
                period = PERIOD_START[grain](movement.day)
                total = rows[period, movement.tenant_id, movement.currency]
                amount = getattr(total, movement.type) + abs(movement.total)
                setattr(total, movement.type, amount)
        return dict(rows)


def compute(
    raw: Tables,
    history: Tables,
    as_of: datetime,
    options: Options | None = None,
    *,
    every_day: bool = False,
) -> Result:
    """Compute everything from raw rows; `every_day` also walks the days on which nothing is due."""
    chosen = options or Options()
    clock = Clock(ZoneInfo(chosen.reporting_timezone), as_of)
    result = Result(last_day=clock.day(as_of))
    with localcontext(prec=DIGITS):
        for customer in read_customers(raw, history, as_of):
            _walk(customer, clock, chosen, result, every_day=every_day)
    result.movements.sort(key=lambda m: (m.day, m.tenant_id, m.customer_id, m.currency))
    result.level_changes.sort(key=lambda c: (c.day, c.tenant_id, c.customer_id, c.dimensions))
    return result


class Clock:
    """Days of the reporting zone, up to now."""

    def __init__(self, zone: ZoneInfo, as_of: datetime) -> None:
        """Hold the zone and the instant that is now."""
        self._zone = zone
        self.as_of = as_of
        self._ends: dict[date, datetime] = {}

    def day(self, moment: datetime) -> date:
        """The local day of an instant."""
        return moment.astimezone(self._zone).date()

    def end_of(self, day: date) -> datetime:
        """The last instant of a day that has come: what begins later is not there yet."""
        if day not in self._ends:
            following = day + ONE_DAY
            midnight = datetime(
                following.year, following.month, following.day, tzinfo=self._zone
            ).astimezone(UTC)
            self._ends[day] = min(midnight - INSTANT, self.as_of)
        return self._ends[day]


def _walk(
    customer: Customer, clock: Clock, options: Options, result: Result, *, every_day: bool
) -> None:
    """Follow one customer from day to day and note what changed."""
    days = {clock.day(moment) for moment in customer.instants() if moment <= clock.as_of}
    if every_day and days:
        first = min(days)
        days = {first + n * ONE_DAY for n in range((result.last_day - first).days + 1)}
    before: Level = {}
    was_ever_active = False
    for day in sorted(days):
        after = customer.mrr_at(clock.end_of(day), options)
        changes = {
            dimensions: after.get(dimensions, ZERO) - before.get(dimensions, ZERO)
            for dimensions in before.keys() | after.keys()
        }
        changes = {dimensions: amount for dimensions, amount in changes.items() if amount}
        for dimensions, amount in changes.items():
            change = LevelChange(customer.tenant_id, customer.id, dimensions, day, amount)
            result.level_changes.append(change)
        for currency in {dimensions[4] for dimensions in changes}:
            moved = {d: amount for d, amount in changes.items() if d[4] == currency}
            total = sum(moved.values(), ZERO)
            kind = _type(total, bool(before), bool(after), was_ever_active)
            result.movements.append(
                Movement(customer.tenant_id, customer.id, currency, day, kind, total, moved)
            )
        was_ever_active = was_ever_active or bool(after)
        before = after


def _type(total: Decimal, before_any: bool, after_any: bool, was_ever_active: bool) -> str:
    """The type of a change, from what the customer had at the end of the day before and has now."""
    if not before_any and after_any:
        return "reactivation" if was_ever_active else "new"
    if before_any and not after_any:
        return "churn"
    if total == 0:
        return "transfer"
    return "expansion" if total > 0 else "contraction"
