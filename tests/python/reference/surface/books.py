"""Surface rows to balances and movements under any option."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from .checks import Issue, left_out, usable
from .facts import (
    ZERO,
    CustomerFacts,
    Interval,
    Line,
    Place,
    Row,
    Trial,
    Unit,
    exact,
    read_customer,
    read_interval,
    read_line,
    read_trial,
)
from .fx import Rates, rate_issues
from .items import History, ItemState, SurfaceHistory
from .movements import CustomerLedger, Movement, walk
from .options import Options
from .windows import Clock

__all__ = [
    "Books",
    "CustomerFacts",
    "Interval",
    "Issue",
    "ItemState",
    "Line",
    "Movement",
    "Options",
    "Place",
    "Trial",
    "Unit",
    "compute",
]

Levels = dict[Place, Decimal]


@dataclass
class Books:
    """Everything the ledger of a build can tell, up to the local day of `as_of`.

    `customers` holds excluded ones too; `intervals`, `trials` and `lines` only those of customers
    who count. `intervals` are the usable ones (checked, repaired, quarantined ones left out), with
    the future included and no option applied. `movements` are in the order in which they happened,
    customer by customer.
    """

    options: Options
    as_of: datetime
    last_day: date
    customers: dict[Unit, CustomerFacts]
    lines: list[Line]
    trials: list[Trial]
    intervals: list[Interval]
    issues: list[Issue]
    clock: Clock
    rates: Rates
    histories: dict[Unit, History]
    ledgers: dict[Unit, CustomerLedger] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Walk every customer."""
        for unit, history in self.histories.items():
            windows = self.clock.windows(history.instants(), self.options.netting, unit[1])
            self.ledgers[unit] = walk(history, windows, self.options, self.rates)
        first_days: dict[str, date] = {}
        for movement in sorted(self.movements, key=lambda movement: movement.day):
            first_days.setdefault(movement.place.currency, movement.day)
        self.issues += rate_issues(self.rates, first_days)

    @cached_property
    def movements(self) -> list[Movement]:
        """The movements of all customers."""
        return [movement for unit in self.units() for movement in self.ledgers[unit].movements]

    def units(self) -> list[Unit]:
        """The customers who count, in order."""
        return sorted(self.ledgers)

    def first_day(self) -> date:
        """The day of the first movement; the last day when there is none."""
        return min((movement.day for movement in self.movements), default=self.last_day)

    def day(self, moment: datetime, tenant_id: str | None = None) -> date:
        """The local day of an instant, in the reporting zone or the tenant's own."""
        return self.clock.day(moment, tenant_id)

    def end_of(self, day: date, tenant_id: str | None = None) -> datetime:
        """The last instant of a local day, or `as_of` if that comes first."""
        return self.clock.end_of(day, tenant_id)

    def level(self, unit: Unit, day: date) -> Levels:
        """Native MRR at the end of a local day, by the ledger; places without any left out."""
        return self._sums(unit, day)[0]

    @exact
    def reporting_level(self, unit: Unit, day: date) -> dict[Place, tuple[str, Decimal]]:
        """The same as (reporting currency, amount) at the rate that holds for levels of that day.

        At the day's multiplier, or under `fx_mode: at_start` at the rate at which each balance
        began. Amounts are not rounded.
        """
        native, at_start = self._sums(unit, day)
        result = {}
        for place, amount in native.items():
            converted = amount * self.multiplier(place.currency, day)
            if self.options.fx_mode == "at_start":
                converted = at_start[place]
            result[place] = self.reporting_currency(place.currency), converted
        return result

    def states(self, unit: Unit, moment: datetime) -> list[ItemState]:
        """Counted items in force at any instant, also in the future by what is known now."""
        return self.histories[unit].states_at(moment)

    def instants(self, unit: Unit) -> list[datetime]:
        """The instants at which a customer's counted items begin, end or change, in order."""
        return self.histories[unit].instants()

    def is_kept(self, unit: Unit, day: date) -> bool:
        """Whether a customer counts as one at the end of a day although the MRR is 0.

        Only under `paid_to_free: contraction`: since paying it has held a free item at all times.
        """
        return not self.level(unit, day) and self.ledgers[unit].is_kept(day)

    def reporting_currency(self, currency: str) -> str:
        """The currency that amounts of a currency are shown in."""
        return self.rates.reporting_currency(currency)

    def multiplier(self, currency: str, day: date) -> Decimal:
        """What one unit of a currency is worth in its reporting currency on a day.

        By `fx_mode`; under at_start the daily rate, since a start belongs to a balance.
        """
        return self.rates.multiplier(currency, day)

    def _sums(self, unit: Unit, day: date) -> tuple[Levels, Levels]:
        """Native and reporting sums of the movements up to a day, by place."""
        days, sums = self._running[unit]
        return sums[bisect_right(days, day)]

    @cached_property
    @exact
    def _running(self) -> dict[Unit, tuple[list[date], list[tuple[Levels, Levels]]]]:
        """Per customer: the days of its movements, and the sums before the first and after each.

        Movements at start rates add up to the balance at its start rate.
        """
        result = {}
        for unit, ledger in self.ledgers.items():
            by_day: dict[date, list[Movement]] = defaultdict(list)
            for movement in ledger.movements:
                by_day[movement.day].append(movement)
            native: Levels = {}
            reporting: Levels = {}
            sums = [(native, reporting)]
            for day in sorted(by_day):
                native, reporting = dict(native), dict(reporting)
                for movement in by_day[day]:
                    place = movement.place
                    native[place] = native.get(place, ZERO) + movement.amount
                    amount = movement.reporting_amount
                    reporting[place] = reporting.get(place, ZERO) + amount
                native = {place: amount for place, amount in native.items() if amount}
                reporting = {place: reporting[place] for place in native}
                sums.append((native, reporting))
            result[unit] = sorted(by_day), sums
        return result


@exact
def compute(
    surface: Mapping[str, Sequence[Row]],
    variables: Mapping[str, Any],
    as_of: datetime,
    rates: Iterable[tuple[date, str, Decimal]] = (),
    fixed_rates: Mapping[str, Decimal] | None = None,
    base_currency: str = "EUR",
) -> Books:
    """Compute the books from `customers`, `subscription_intervals`, `trials`, `invoice_lines`.

    `variables` are dbt vars; `rates` are (day, currency, units of it for one of `base_currency`).
    """
    options = Options.of(variables)
    clock = Clock(options, as_of)
    excluded = options.exclude_customers
    customers = [read_customer(row, excluded) for row in surface.get("customers", ())]
    by_unit = {customer.unit: customer for customer in customers}
    counted = {unit for unit, customer in by_unit.items() if not customer.is_excluded}
    intervals, issues = usable(
        [read_interval(row) for row in surface.get("subscription_intervals", ())], by_unit, as_of
    )
    intervals = [interval for interval in intervals if interval.unit in counted]
    trials = [read_trial(row) for row in surface.get("trials", ())]
    lines = [read_line(row) for row in surface.get("invoice_lines", ())]
    lines = [line for line in lines if line.unit in counted]
    own_intervals: dict[Unit, list[Interval]] = defaultdict(list)
    own_lines: dict[Unit, list[Line]] = defaultdict(list)
    for interval in intervals:
        own_intervals[interval.unit].append(interval)
    for line in lines:
        own_lines[line.unit].append(line)
    last_day = clock.today()
    return Books(
        options=options,
        as_of=as_of,
        last_day=last_day,
        customers=by_unit,
        lines=lines,
        trials=[trial for trial in trials if trial.unit in counted],
        intervals=intervals,
        issues=[*issues, *left_out(by_unit.values())],
        clock=clock,
        rates=Rates(options, rates, fixed_rates or {}, base_currency, last_day),
        histories={
            unit: SurfaceHistory(
                by_unit[unit], own_intervals[unit], own_lines[unit], options, as_of
            )
            for unit in sorted(counted)
        },
    )
