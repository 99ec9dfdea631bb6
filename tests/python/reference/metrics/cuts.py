"""Cuts through the books: who pays what within one slice and reporting currency, day by day."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from reference.surface.books import Books, ItemState, Movement, Place, Unit
from reference.surface.windows import Window

from .periods import ONE_DAY, Period, periods

ALL, ANY = "all", "any"
DIMENSIONS = ("plan", "product", "currency", "country", "billing_interval")
TOTALS = ("total", "source", "overall")
ZERO = Decimal(0)

Group = tuple[str, ...]
Level = dict[Place, Decimal]
Values = dict[str, Any]
Rows = dict[tuple[Any, ...], Values]


@dataclass
class Balance:
    """What one customer pays in a cut: native amounts by currency, from each day of a change on."""

    days: list[date] = field(default_factory=list)
    amounts: list[dict[str, Decimal]] = field(default_factory=list)

    def set(self, day: date, amounts: dict[str, Decimal]) -> None:
        """Note the amounts at the end of a day, if they are others than before."""
        if amounts != (self.amounts[-1] if self.amounts else {}):
            self.days.append(day)
            self.amounts.append(amounts)

    def at(self, day: date) -> dict[str, Decimal]:
        """The amounts at the end of a day; empty when nothing is paid."""
        index = bisect_right(self.days, day)
        return self.amounts[index - 1] if index else {}


class Cut:
    """The money of one group of places in one reporting currency, or in any.

    `group` names it as the metrics do: source, tenant, dimension and value for a slice; source,
    tenant and the place itself for a place.
    """

    def __init__(self, ledger: "Ledger", group: Group, currency: str) -> None:
        """Start empty."""
        self.ledger = ledger
        self.group = group
        self.currency = currency
        self.balances: dict[Unit, Balance] = defaultdict(Balance)
        self.movements: list[Movement] = []

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name it in a metric with a reporting currency."""
        return (*self.group, self.currency)

    @cached_property
    def change_days(self) -> list[date]:
        """The days on which an amount here, or the rate of any currency, changes."""
        days = {day for balance in self.balances.values() for day in balance.days}
        return sorted(days | {m.day for m in self.movements} | self.ledger.rate_days)

    def epoch(self, day: date) -> int:
        """A number for the end of a day, the same on days between which nothing changes."""
        return bisect_right(self.change_days, day)

    def native(self, unit: Unit, day: date) -> dict[str, Decimal]:
        """What a customer pays here at the end of a day, by currency."""
        return self.balances[unit].at(day) if unit in self.balances else {}

    def pays(self, unit: Unit, day: date) -> bool:
        """Whether a customer pays anything here at the end of a day."""
        return bool(self.native(unit, day))

    def paying(self, day: date) -> list[Unit]:
        """The customers who pay anything here at the end of a day."""
        return [unit for unit in self.balances if self.pays(unit, day)]

    def mrr(self, unit: Unit, day: date, rate_day: date) -> Decimal:
        """What a customer pays here at the end of a day, at the rates of another."""
        native = self.native(unit, day).items()
        return total(amount * self.ledger.multiplier(name, rate_day) for name, amount in native)

    def shown(self, unit: Unit, day: date) -> Decimal:
        """What a customer pays here at the end of a day, at the rate that the day is shown at."""
        return total(
            amount
            for place, (currency, amount) in self.ledger.reporting_level(unit, day).items()
            if currency == self.currency and self.holds(place)
        )

    def total_shown(self, day: date) -> Decimal:
        """What all customers pay here at the end of a day, at the rate that it is shown at."""
        return total(self.shown(unit, day) for unit in self.paying(day))

    def between(self, period: Period) -> list[Movement]:
        """The movements here within a period."""
        return [m for m in self.movements if period.start <= m.day <= period.last]

    def is_there(self, period: Period) -> bool:
        """Whether anything is paid here at either end of a period, or moves within it."""
        return bool(self.paying(period.before) or self.paying(period.last) or self.between(period))

    def each_period(
        self, grain: str, values: Callable[["Cut", Period], Values | None], look_back: int = 0
    ) -> Iterator[tuple[Period, Values]]:
        """The values of each period that has any.

        Most periods see no change; those between the same two changes share what was computed
        once. `look_back` is for values that look at so many days up to the end of a period.
        """
        quiet: dict[int, Values | None] = {}
        for period in periods(grain, self.ledger.first_day, self.ledger.today):
            first = min(period.before, period.last - timedelta(days=look_back))
            epoch = self.epoch(first)
            if epoch != self.epoch(period.last):
                found = values(self, period)
            else:
                if epoch not in quiet:
                    quiet[epoch] = values(self, period)
                found = quiet[epoch]
            if found is not None:
                yield period, found

    def holds(self, place: Place) -> bool:
        """Whether a place of one of its customers belongs here."""
        if len(self.group) > 4:
            return self.group[2:] == place
        dimension, value = self.group[2:]
        return dimension in TOTALS or getattr(place, dimension) == value


class Ledger:
    """The books read once, and cut."""

    def __init__(self, books: Books, whole: Books | None = None) -> None:
        """Read each customer's balance at the end of each day on which it moved.

        `whole` are those of all customers, where these are of some.
        """
        self.books = books
        self._whole = whole or books
        self.options = books.options
        self.today = books.last_day
        self.first_day = min((m.day for m in books.movements), default=self.today + ONE_DAY)
        self.is_many = len({unit[:2] for unit in books.customers}) > 1
        self.movements: dict[Unit, list[Movement]] = defaultdict(list)
        for movement in books.movements:
            self.movements[movement.unit].append(movement)
        self.levels: dict[Unit, list[tuple[date, Level]]] = {
            unit: [(day, books.level(unit, day)) for day in sorted({m.day for m in moved})]
            for unit, moved in self.movements.items()
        }
        self._windows_of: dict[Unit, list[Window]] = {}
        self._multipliers: dict[tuple[str, date], Decimal] = {}
        self._shown: dict[tuple[Unit, int], dict[Place, tuple[str, Decimal]]] = {}

    def multiplier(self, currency: str, day: date) -> Decimal:
        """What one unit of a currency is worth in its reporting currency on a day."""
        key = (currency, day)
        if key not in self._multipliers:
            self._multipliers[key] = self.books.multiplier(currency, day)
        return self._multipliers[key]

    def reporting_level(self, unit: Unit, day: date) -> dict[Place, tuple[str, Decimal]]:
        """A customer's level at the rates that the day is shown at."""
        key = (unit, bisect_right(self._change_days, day))
        if key not in self._shown:
            self._shown[key] = self.books.reporting_level(unit, day)
        return self._shown[key]

    def window(self, unit: Unit, moment: datetime) -> Window:
        """The netting window that an instant of a customer falls in."""
        return next(window for window in self.windows(unit) if moment <= window.end)

    def states(self, unit: Unit, day: date) -> list[ItemState]:
        """The items in force at the end of a day, as the ledger sees it: by its last window."""
        windows = [window for window in self.windows(unit) if window.day <= day]
        return self.books.states(unit, windows[-1].end) if windows else []

    def windows(self, unit: Unit) -> list[Window]:
        """The netting windows of a customer, in order."""
        if unit not in self._windows_of:
            instants, netting = self.books.instants(unit), self.options.netting
            self._windows_of[unit] = self.books.clock.windows(instants, netting, unit[1])
        return self._windows_of[unit]

    @cached_property
    def rate_days(self) -> set[date]:
        """The days on which the rate of a currency is not that of the day before."""
        found = set()
        day = self.first_day
        currencies = {m.place.currency for m in self.books.movements}
        while day <= self.today:
            if any(
                self.multiplier(currency, day) != self.multiplier(currency, day - ONE_DAY)
                for currency in currencies
            ):
                found.add(day)
            day += ONE_DAY
        return found

    @cached_property
    def _change_days(self) -> list[date]:
        return sorted(self.rate_days | {m.day for m in self.books.movements})

    @cached_property
    def _reporting_currencies(self) -> dict[tuple[str, str], set[str]]:
        """The reporting currencies of the ledger, by source and tenant, and of all together."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for movement in self._whole.movements:
            found[movement.unit[:2]].add(movement.reporting_currency)
            found[ALL, ALL].add(movement.reporting_currency)
        return found

    def groups(self, unit: Unit, values: Mapping[str, str]) -> list[Group]:
        """The slices for something of a customer, by its values of dimensions."""
        source, tenant, _ = unit
        found: list[Group] = [(source, tenant, "total", ALL)]
        found += [(source, tenant, dimension, value) for dimension, value in values.items()]
        if self.is_many:
            found += [(source, ALL, "source", source), (ALL, ALL, "overall", ALL)]
        return found

    def has_any(self, group: Group) -> bool:
        """Whether a slice has rows for any currency: where there is more than one to report in."""
        source, tenant = group[:2] if group[1] != ALL else (ALL, ALL)
        return len(self._reporting_currencies[source, tenant]) > 1

    @cached_property
    def _slices(self) -> dict[tuple[Group, str], Cut]:
        def groups(unit: Unit, place: Place) -> list[Group]:
            return self.groups(unit, {name: getattr(place, name) for name in DIMENSIONS})

        return self._cut(groups)

    @cached_property
    def places(self) -> list[Cut]:
        """Each place of each source and tenant."""
        cuts = self._cut(lambda unit, place: [(*unit[:2], *place)])
        return [cut for cut in cuts.values() if cut.currency != ANY]

    @cached_property
    def slices(self) -> list[Cut]:
        """Each slice in each reporting currency."""
        return [cut for cut in self._slices.values() if cut.currency != ANY]

    @cached_property
    def whole_slices(self) -> list[Cut]:
        """Each slice whatever the currency."""
        return [cut for cut in self._slices.values() if cut.currency == ANY]

    @cached_property
    def slices_and_any(self) -> list[Cut]:
        """Each slice in each reporting currency, and in any where that is more than one."""
        return self.slices + [cut for cut in self.whole_slices if self.has_any(cut.group)]

    def whole(self, unit: Unit, currency: str) -> Cut:
        """All the money of a customer's source and tenant in one reporting currency, or in any."""
        return self._slices[(*unit[:2], "total", ALL), currency]

    def _cut(self, groups: Callable[[Unit, Place], list[Group]]) -> dict[tuple[Group, str], Cut]:
        """Put each movement and each day's amounts into every cut that they belong to."""
        cuts: dict[tuple[Group, str], Cut] = {}
        for unit, movements in self.movements.items():
            mine: set[tuple[Group, str]] = set()
            of_place: dict[Place, list[tuple[Group, str]]] = {}
            for movement in movements:
                if movement.place not in of_place:
                    of_place[movement.place] = [
                        (group, currency)
                        for group in groups(unit, movement.place)
                        for currency in (movement.reporting_currency, ANY)
                    ]
                for name in of_place[movement.place]:
                    if name not in cuts:
                        cuts[name] = Cut(self, *name)
                    cuts[name].movements.append(movement)
                    mine.add(name)
            for day, level in self.levels[unit]:
                amounts: dict[tuple[Group, str], dict[str, Decimal]] = {name: {} for name in mine}
                for place, amount in level.items():
                    for name in of_place[place]:
                        before = amounts[name].get(place.currency, ZERO)
                        amounts[name][place.currency] = before + amount
                for name, found in amounts.items():
                    cuts[name].balances[unit].set(day, found)
        return cuts


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of amounts."""
    return sum(amounts, ZERO)
