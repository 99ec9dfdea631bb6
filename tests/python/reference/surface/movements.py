"""The ledger: what changed between the ends of consecutive windows, its type and its reasons."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .facts import Place, Unit


@dataclass(frozen=True)
class Movement:
    """One row of the ledger: a unit's change in one window, place, type and reason.

    `amount` is native and signed; `amount * rate` is in `reporting_currency`. `level_id` is '',
    the subscription or the plan, by the option `movement_level`. `is_voluntary` is None except for
    churn whose end says so.
    """

    unit: Unit
    level_id: str
    day: date
    type: str
    reason: str
    place: Place
    amount: Decimal
    reporting_currency: str
    rate: Decimal
    is_voluntary: bool | None
    subscription_ids: frozenset[str]

    @property
    def reporting_amount(self) -> Decimal:
        """The amount in the reporting currency, not rounded."""
        return self.amount * self.rate
