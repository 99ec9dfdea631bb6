"""Cohorts of customers by when they began: how many still pay, how much, and what it summed to."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reference.surface.books import Unit
from reference.surface.facts import UNKNOWN

from .cuts import ANY, DIMENSIONS, ZERO, Group, Ledger, Level, Rows, total
from .periods import Period, period, periods
from .rates import rate

CASH = ("recurring", "usage", "one_off", "discount", "credit")


@dataclass
class Cohort:
    """The customers of one slice and reporting currency who began in one period."""

    ledger: Ledger
    began: Period
    group: Group
    currency: str
    units: list[Unit]

    def cells(self) -> list[Period]:
        """The periods from the first one on, up to the one that runs."""
        return periods(self.began.grain, self.began.start, self.ledger.today)

    def key(self, number: int, cell: Period) -> tuple[object, ...]:
        """The columns that name a cell."""
        grain, *within = cell.key
        began = (self.began.start, self.began.end)
        return (grain, *began, number, *within, *self.group, self.currency)

    def paying(self, day: date) -> int:
        """How many of them pay anything in the reporting currency at the end of a day."""
        return sum(self.ledger.whole(unit, self.currency).pays(unit, day) for unit in self.units)

    def mrr(self, day: date) -> Decimal | None:
        """What they pay at the end of a day, at the rates of the day before the cohort began."""
        if self.currency == ANY:
            return None
        return total(
            self.ledger.whole(unit, self.currency).mrr(unit, day, self.began.before)
            for unit in self.units
        )


def cohorts(ledger: Ledger) -> Rows:
    """`metric_cohorts`: every cell from a cohort's first period to the one that runs.

    In a row of one reporting currency those customers are counted who ever paid in it, and pay
    while they pay in it; on `any`, those who pay at all.
    """
    rows: Rows = {}
    forced = ledger.options.cohort_month0 == "forced_100"
    for grain in ledger.options.cohort_grains:
        for cohort in _cohorts(ledger, grain):
            states = [(cohort.paying(c.last), cohort.mrr(c.last)) for c in cohort.cells()]
            first_customers, first_mrr = states[0]
            denominator = first_customers if forced else len(cohort.units)
            previous: tuple[int | None, Decimal | None] = (None, None)
            for number, (cell, state) in enumerate(zip(cohort.cells(), states, strict=True)):
                rows[cohort.key(number, cell)] = {
                    "cohort_customers": len(cohort.units),
                    "customers": state[0],
                    "mrr": state[1],
                    "cohort_mrr": first_mrr,
                    "previous_customers": previous[0],
                    "previous_mrr": previous[1],
                    "denominator_customers": denominator,
                    "customer_retention": rate(state[0], denominator),
                    "customer_retention_of_previous": rate(state[0], previous[0]),
                    "mrr_retention": rate(state[1], first_mrr),
                    "mrr_retention_of_previous": rate(state[1], previous[1]),
                }
                previous = state
    return rows


def ltv_cohorts(ledger: Ledger) -> Rows:
    """`metric_ltv_cohorts`: what month cohorts have paid so far, as MRR-months and as cash."""
    rows: Rows = {}
    for cohort in _cohorts(ledger, "month"):
        if cohort.currency == ANY:
            continue
        paid = _cash(cohort)
        mrr_so_far = ZERO
        for number, cell in enumerate(cohort.cells()):
            mrr_so_far += cohort.mrr(cell.last) or ZERO
            cash_so_far = total(amount for day, amount in paid if day <= cell.last)
            rows[cohort.key(number, cell)] = {
                "cohort_customers": len(cohort.units),
                "cumulative_mrr": mrr_so_far,
                "cumulative_cash": cash_so_far,
                "mrr_per_customer": rate(mrr_so_far, len(cohort.units)),
                "cash_per_customer": rate(cash_so_far, len(cohort.units)),
            }
    return rows


def _cash(cohort: Cohort) -> list[tuple[date, Decimal]]:
    """What they paid, less what they got back, by the local day on which it was paid."""
    books = cohort.ledger.books
    found = []
    for line in books.lines:
        if line.unit not in cohort.units or line.kind not in CASH:
            continue
        if line.paid_at is None or line.paid_at > books.as_of:
            continue
        if books.reporting_currency(line.currency) == cohort.currency:
            day = books.day(line.paid_at, line.unit[1])
            amount = line.net - line.refunded
            found.append((day, amount * cohort.ledger.multiplier(line.currency, day)))
    return found


def _cohorts(ledger: Ledger, grain: str) -> list[Cohort]:
    members: dict[tuple[date, Group, str], list[Unit]] = defaultdict(list)
    for unit, levels in ledger.levels.items():
        paid = [(day, level) for day, level in levels if level]
        if not paid:
            continue
        start = period(grain, _began(ledger, unit, paid[0][0]), ledger.today).start
        currencies = {
            ledger.books.reporting_currency(place.currency) for _, level in paid for place in level
        }
        for group in ledger.groups(unit, _values(ledger, unit, paid[0][1])):
            for currency in currencies | ({ANY} if ledger.has_any(group) else set()):
                members[start, group, currency].append(unit)
    return [
        Cohort(ledger, period(grain, start, ledger.today), group, currency, units)
        for (start, group, currency), units in members.items()
    ]


def _began(ledger: Ledger, unit: Unit, first_paid: date) -> date:
    """The day that places a customer in a cohort: of its first MRR, or of signing up before."""
    created_at = ledger.books.customers[unit].created_at
    if ledger.options.cohort_by != "signup" or created_at is None:
        return first_paid
    return min(ledger.books.day(created_at, unit[1]), first_paid)


def _values(ledger: Ledger, unit: Unit, level: Level) -> dict[str, str]:
    """Where a customer's greatest MRR was on its first paid day, and the attribute asked for."""
    place = min(level, key=lambda place: (-level[place], place))
    values = {name: getattr(place, name) for name in DIMENSIONS}
    attribute = ledger.options.cohort_attribute
    if attribute is not None:
        values[attribute] = ledger.books.customers[unit].attribute(attribute) or UNKNOWN
    return values
