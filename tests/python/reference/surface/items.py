"""What is in force at an instant: items, judged one by one from the facts."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from .facts import Place, Unit


@dataclass(frozen=True)
class ItemState:
    """One counted item in force at an instant.

    An item counts when its status and kind are counted ones, so a paused item is there with MRR 0
    (option `mrr_paused: zero`), and a trialing or metered one is not there at all. `since` is the
    begin of the fact that it comes from.
    """

    item_id: str
    subscription_id: str
    place: Place
    quantity: Decimal
    list_mrr: Decimal
    mrr: Decimal
    is_paused: bool
    is_usage: bool
    is_voluntary: bool | None
    source_row: str
    since: datetime

    @property
    def is_free(self) -> bool:
        """Whether the customer holds it for nothing, and not because of a pause."""
        return self.mrr == 0 and not self.is_paused


class History(Protocol):
    """One customer's items through time; anything that can answer this has a ledger."""

    unit: Unit

    def instants(self) -> list[datetime]:
        """Every instant at which an item in force begins, ends or changes, in order."""

    def states_at(self, moment: datetime) -> list[ItemState]:
        """The items in force at an instant."""
