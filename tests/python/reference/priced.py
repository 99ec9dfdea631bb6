"""A segment's items at an instant: base price, fixed charges, commitment (rules A6, B, C)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from .fixed_charges import FixedCharge
from .items import MONTHS_IN_PERIOD, Item, Kind, Status
from .prices import BasePrice
from .rows import major
from .segments import Segment

ONE = Decimal(1)


@dataclass(frozen=True)
class PricedSegment:
    """A segment with everything its items need."""

    segment: Segment
    base_price: BasePrice
    fixed_charges: list[FixedCharge]
    commitment: Decimal | None
    zone: ZoneInfo

    def items_at(self, moment: datetime) -> list[Item]:
        """The items of the segment at an instant it covers."""
        plan = self.segment.plan
        if plan.period is None:
            return []
        status: Status = "trialing" if moment < self.segment.trial_end else "active"
        items: list[Item] = []
        list_total = Decimal(0)
        if plan.amount_cents is not None:
            cents, source = self.base_price.at(moment)
            base = major(cents, plan.currency)
            list_total += base
            items.append(self._item("base", "base", plan.code, plan.period, status, base, source))
        for charge in self.fixed_charges:
            if charge.exists_at(moment) and charge.period is not None:
                amount = charge.amount_at(moment)
                list_total += amount * _times(charge.period, plan.period)
                item = self._item(
                    "fixed_charge",
                    charge.code,
                    charge.code,
                    charge.period,
                    "active",
                    amount,
                    "events",
                    charge.units_at(moment),
                )
                items.append(item)
        if self.commitment is not None:
            rest = max(self.commitment - list_total, Decimal(0))
            item = self._item(
                "commitment", "commitment", plan.code, plan.period, status, rest, "inferred"
            )
            items.append(item)
        return items

    def _item(
        self,
        kind: Kind,
        suffix: str,
        product: str,
        period: tuple[str, int],
        status: Status,
        amount: Decimal,
        source: str,
        quantity: Decimal = ONE,
    ) -> Item:
        plan = self.segment.plan
        return Item(
            id=f"{self.segment.chain_id}:{suffix}",
            kind=kind,
            plan_id=plan.id,
            plan_root_id=plan.root_id,
            plan=plan.code,
            product=product,
            currency=plan.currency,
            period=period,
            anchor=self._anchor(period),
            status=status,
            quantity=quantity,
            amount=amount,
            history_source=source,
        )

    def _anchor(self, period: tuple[str, int]) -> tuple[object, ...]:
        """What must be equal for two items to be billed on the same invoices."""
        if not self.segment.is_anniversary:
            return ("calendar",)
        day = self.segment.anchor_at.astimezone(self.zone).date()
        if period[0] == "week":
            return ("anniversary", day.isoweekday())
        if period == ("month", 1):
            return ("anniversary", day.day)
        if period[0] == "month":
            return ("anniversary", (day.month - 1) % period[1], day.day)
        return ("anniversary", day.month, day.day)

    def instants(self) -> list[datetime]:
        """The instants at which an item may change."""
        result = self.segment.instants() + self.base_price.instants()
        for charge in self.fixed_charges:
            result += charge.instants()
        return result


def _times(period: tuple[str, int], plan_period: tuple[str, int]) -> int:
    """How many of the charge's periods fall into one of the plan's."""
    if period == plan_period:
        return 1
    return MONTHS_IN_PERIOD[plan_period] // MONTHS_IN_PERIOD[period]
