"""What the billed lines of one subscription say about its items."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from .facts import ZERO, Line, rounded


@dataclass(frozen=True)
class Bill:
    """The charges of one subscription for its recurring price, those of nothing left out."""

    charges: list[Line]

    @classmethod
    def of(cls, lines: list[Line]) -> "Bill":
        """Pick them from all lines of the subscription."""
        return cls([line for line in lines if line.kind == "recurring" and line.net > 0])

    def first_paid_at(self) -> datetime | None:
        """When the customer first paid for the subscription."""
        return min((line.paid_at for line in self.charges if line.paid_at), default=None)

    def is_refunded_at(self, moment: datetime) -> bool:
        """Whether the service of an instant was charged and given back in full."""
        return any(
            line.service_from <= moment < line.service_to
            for line in self.charges
            if line.refunded >= line.net and line.service_from and line.service_to
        )

    def tax_rate_at(self, moment: datetime) -> Decimal:
        """Tax per amount on the last charge whose service began by then, else on the first."""
        begins = {line.service_from for line in self.charges if line.service_from}
        if not begins:
            return ZERO
        begin = max((b for b in begins if b <= moment), default=min(begins))
        charges = [line for line in self.charges if line.service_from == begin]
        tax = sum((line.tax for line in charges), ZERO)
        return rounded(tax / sum((line.net for line in charges), ZERO))

    def instants(self) -> set[datetime]:
        """Every instant at which one of these may change."""
        found = {self.first_paid_at()}
        for line in self.charges:
            found |= {line.service_from, line.service_to}
        return {moment for moment in found if moment is not None}
