"""Surface rows to balances and movements under any option."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .checks import Issue
from .facts import CustomerFacts, Interval, Line, Place, Row, Trial, Unit
from .items import ItemState
from .movements import Movement
from .options import Options

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
    movements: list[Movement]

    def units(self) -> list[Unit]:
        """The customers who count, in order."""
        raise NotImplementedError

    def first_day(self) -> date:
        """The day of the first movement; the last day when there is none."""
        raise NotImplementedError

    def day(self, moment: datetime, tenant_id: str | None = None) -> date:
        """The local day of an instant, in the reporting zone or the tenant's own."""
        raise NotImplementedError

    def end_of(self, day: date, tenant_id: str | None = None) -> datetime:
        """The last instant of a local day, or `as_of` if that comes first."""
        raise NotImplementedError

    def level(self, unit: Unit, day: date) -> dict[Place, Decimal]:
        """Native MRR at the end of a local day, by the ledger; places without any left out."""
        raise NotImplementedError

    def reporting_level(self, unit: Unit, day: date) -> dict[Place, tuple[str, Decimal]]:
        """The same as (reporting currency, amount) at the rate that holds for levels of that day.

        At the day's multiplier, or under `fx_mode: at_start` at the rate at which each balance
        began. Amounts are not rounded.
        """
        raise NotImplementedError

    def states(self, unit: Unit, moment: datetime) -> list[ItemState]:
        """Counted items in force at any instant, also in the future by what is known now."""
        raise NotImplementedError

    def instants(self, unit: Unit) -> list[datetime]:
        """The instants at which a customer's counted items begin, end or change, in order."""
        raise NotImplementedError

    def is_kept(self, unit: Unit, day: date) -> bool:
        """Whether a customer counts as one at the end of a day although the MRR is 0.

        Only under `paid_to_free: contraction`: since paying it has held a free item at all times.
        """
        raise NotImplementedError

    def reporting_currency(self, currency: str) -> str:
        """The currency that amounts of a currency are shown in."""
        raise NotImplementedError

    def multiplier(self, currency: str, day: date) -> Decimal:
        """What one unit of a currency is worth in its reporting currency on a day.

        By `fx_mode`; under at_start the daily rate, since a start belongs to a balance.
        """
        raise NotImplementedError


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
    raise NotImplementedError
