"""What is in force at an instant: items, judged one by one from the facts."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from .ends import in_effect
from .facts import ZERO, CustomerFacts, Interval, Line, Place, Unit, exact, rounded
from .lines import Bill
from .options import Options
from .prices import monthly_amount
from .usage import UsageValue, usage_values

INSTANT = timedelta(microseconds=1)
COUNTED_DISCOUNTS = {
    "none": (),
    "forever": ("forever",),
    "recurring": ("forever", "repeating"),
    "all": ("forever", "repeating", "once"),
}


@dataclass(frozen=True)
class ItemState:
    """One counted item in force at an instant.

    An item counts when its status and kind are counted ones, so a paused item is there with MRR 0
    (under `mrr_paused: keep` it is not paused for the ledger), and a trialing or metered one is not
    there at all. `since` is the begin of the fact that it comes from.
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

    @property
    def unit(self) -> Unit:
        """The customer."""

    def instants(self) -> list[datetime]:
        """Every instant at which an item in force begins, ends or changes, in order."""

    def states_at(self, moment: datetime) -> list[ItemState]:
        """The items in force at an instant."""


class SurfaceHistory:
    """One customer's items through time, from the rows of the surface."""

    def __init__(
        self,
        customer: CustomerFacts,
        intervals: list[Interval],
        lines: list[Line],
        options: Options,
        as_of: datetime,
    ) -> None:
        """Take what the options let be known; nothing is worked out before it is asked for."""
        self.unit = customer.unit
        self._country = customer.country
        self._options = options
        self._lines: dict[str, list[Line]] = defaultdict(list)
        for line in lines:
            if line.subscription_id is not None:
                self._lines[line.subscription_id].append(line)
        self._intervals = in_effect(intervals, options, as_of)
        self._bills = {i.subscription_id: Bill.of([]) for i in intervals}
        self._bills |= {name: Bill.of(lines) for name, lines in self._lines.items()}

    @exact
    def states_at(self, moment: datetime) -> list[ItemState]:
        """The items in force at an instant."""
        states = [
            self._state(interval, moment)
            for interval in self._intervals
            if self._is_charged_ahead(interval) and self._is_counted(interval, moment)
        ]
        states += [
            self._usage_state(subscription_id, value, moment)
            for subscription_id, values in self._usage.items()
            for value in values
            if value.start <= moment < value.end and self._is_running(subscription_id, moment)
        ]
        return sorted(states, key=lambda state: state.item_id)

    def instants(self) -> list[datetime]:
        """The instants at which what is in force is not what it was just before."""
        candidates = self._boundaries | {
            moment
            for values in self._usage.values()
            for value in values
            for moment in (value.start, value.end)
        }
        return [
            moment
            for moment in sorted(candidates)
            if self.states_at(moment) != self.states_at(moment - INSTANT)
        ]

    def _is_charged_ahead(self, interval: Interval) -> bool:
        """Whether an interval's own price is recurring revenue."""
        if interval.charge_kind == "commitment":
            return self._options.mrr_commitments == "include"
        return interval.charge_kind == "licensed"

    def _is_counted(self, interval: Interval, moment: datetime) -> bool:
        """Whether an interval is in force at an instant with a status that counts then."""
        options = self._options
        if moment < interval.valid_from:
            return False
        if interval.valid_to is not None and moment >= interval.valid_to:
            return False
        if interval.status == "trialing" and options.mrr_start_at != "subscription_start":
            return False
        if interval.status == "past_due":
            if options.mrr_past_due == "exclude":
                return False
            if options.past_due_days is not None and moment >= self._patience(interval):
                return False
        bill = self._bills[interval.subscription_id]
        if options.mrr_start_at == "first_payment":
            first_paid_at = bill.first_paid_at()
            if first_paid_at is None or moment < first_paid_at:
                return False
        return not (options.refunds == "full_refund_voids" and bill.is_refunded_at(moment))

    def _patience(self, interval: Interval) -> datetime:
        """The instant from which an item has been past due for too long."""
        start = interval
        while True:
            before = [
                i
                for i in self._intervals
                if i.item == start.item
                and i.status == "past_due"
                and i.valid_to == start.valid_from
            ]
            if not before:
                return start.valid_from + timedelta(days=self._options.past_due_days or 0)
            start = before[0]

    def _state(self, interval: Interval, moment: datetime) -> ItemState:
        options = self._options
        is_paused = interval.status == "paused" and options.mrr_paused == "zero"
        net = interval.amount
        for kind in COUNTED_DISCOUNTS[options.mrr_discounts]:
            net -= getattr(interval, f"{kind}_discount")
        list_mrr, mrr = (
            monthly_amount(
                amount * self._with_tax(interval.subscription_id, moment),
                interval.period_unit or "",
                interval.period_count or 0,
                options,
            )
            for amount in (interval.amount, max(net, ZERO))
        )
        if is_paused:
            list_mrr = mrr = ZERO
        return ItemState(
            item_id=interval.item_id,
            subscription_id=interval.subscription_id,
            place=interval.place,
            quantity=interval.quantity,
            list_mrr=list_mrr,
            mrr=mrr,
            is_paused=is_paused,
            is_usage=False,
            is_voluntary=interval.is_voluntary_cancel,
            source_row=f"{interval.source_table}:{interval.source_row_id}",
            since=interval.valid_from,
        )

    def _usage_state(self, subscription_id: str, value: UsageValue, moment: datetime) -> ItemState:
        product = "usage" if self._options.mrr_usage == "component" else value.plan
        amount = rounded(value.amount * self._with_tax(subscription_id, moment))
        return ItemState(
            item_id=value.item_id,
            subscription_id=subscription_id,
            place=Place(value.plan, product, value.currency, self._country, value.billing_interval),
            quantity=Decimal(1),
            list_mrr=amount,
            mrr=amount,
            is_paused=False,
            is_usage=True,
            is_voluntary=None,
            source_row=value.source_row,
            since=value.start,
        )

    def _with_tax(self, subscription_id: str, moment: datetime) -> Decimal:
        """What an amount without tax is multiplied by."""
        if self._options.mrr_tax == "exclude":
            return Decimal(1)
        return 1 + self._bills[subscription_id].tax_rate_at(moment)

    @cached_property
    def _usage(self) -> dict[str, list[UsageValue]]:
        """The usage values of each subscription, none if usage is excluded."""
        if self._options.mrr_usage == "exclude":
            return {}
        return {
            subscription_id: usage_values(subscription_id, lines, self._options)
            for subscription_id, lines in self._lines.items()
        }

    @cached_property
    def _boundaries(self) -> set[datetime]:
        """Every instant at which an interval may begin or stop to count, or its tax may change."""
        found: set[datetime | None] = set()
        for interval in self._intervals:
            found |= {interval.valid_from, interval.valid_to}
            if interval.status == "past_due":
                found.add(self._patience(interval))
        for bill in self._bills.values():
            found |= bill.instants()
        return {moment for moment in found if moment is not None}

    def _is_running(self, subscription_id: str, moment: datetime) -> bool:
        """Whether usage counts: from when the subscription first counts to when it last does.

        Gaps between do not matter, and metered intervals count for this.
        """
        first, last = self._runs[subscription_id]
        return first is not None and first <= moment and (last is None or moment < last)

    @cached_property
    def _runs(self) -> dict[str, tuple[datetime | None, datetime | None]]:
        """When each subscription first and last counts; (None, None) for never."""
        runs: dict[str, tuple[datetime | None, datetime | None]] = {}
        for subscription_id in self._lines:
            own = [i for i in self._intervals if i.subscription_id == subscription_id]
            first: datetime | None = None
            last: datetime | None = None
            for moment in sorted(self._boundaries):
                if any(self._is_counted(interval, moment) for interval in own):
                    first, last = first or moment, None
                elif first is not None and last is None:
                    last = moment
            runs[subscription_id] = first, last
        return runs
