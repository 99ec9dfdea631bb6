"""What a subscription should have been billed by a day, and what that changes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tidemill_cli.demo.killbill.clock import NO_BILLING_PERIOD, advance, first_boundary
from tidemill_cli.demo.killbill.model import Item, Subscription, share
from tidemill_cli.demo.killbill.timeline import Segment

Range = tuple[date, date]


@dataclass(frozen=True)
class Wanted:
    """A period that should be billed, or the part of one that is left of it."""

    segment: Segment
    start: date
    end: date
    # The whole period it is of.
    first: date
    last: date

    @property
    def key(self) -> tuple[object, ...]:
        """Return what an item must have in common with it."""
        return self.segment.plan, self.segment.phase_name, self.segment.rate

    def cost(self, start: date, end: date) -> Decimal:
        """Return the price of some of its days; a whole period costs what it costs."""
        rate = self.segment.rate or Decimal(0)
        if (start, end) == (self.first, self.last):
            return rate
        return share(rate, (end - start).days, (self.last - self.first).days)


@dataclass(frozen=True)
class Proposal:
    """New items and repairs of one subscription, and when to look at it again."""

    new: list[tuple[Wanted, Range]]
    repairs: list[tuple[Item, Range]]
    again: date | None


def propose(subscription: Subscription, found: Iterable[Segment], today: date) -> Proposal:
    """Compare what should be billed by a day with what is."""
    account = subscription.account
    wanted: list[Wanted] = []
    again: list[date] = []
    since = min(subscription.dirty_from or today, subscription.again or today, today)
    for segment in found:
        start = account.local(segment.start)
        end = None if segment.end is None else account.local(segment.end)
        if end is not None and end <= start:
            continue
        if start > today:
            again.append(start)
            continue
        if segment.rate is None or segment.phase.period in (None, NO_BILLING_PERIOD):
            continue
        periods = list(_periods(segment, start, end, today, billing_day(subscription, segment)))
        if segment.mode == "IN_ARREAR":
            wanted += [one for one in periods if since <= one.end <= today]
            again += [one.end for one in periods if one.end > today][:1]
            continue
        wanted += [one for one in periods if one.end > since]
        if periods and periods[-1].end != end:
            again.append(periods[-1].end)
    new, repairs = _differences(subscription, wanted, since)
    return Proposal(new, repairs, min(again, default=None))


def billing_day(subscription: Subscription, segment: Segment) -> int:
    """Return the day of the month periods end on: of the account, or of the subscription."""
    account = subscription.account
    if segment.billing_day:
        return segment.billing_day
    if subscription.own_billing_day:
        return subscription.own_billing_day
    return account.billing_day or account.local(segment.start).day


def _periods(
    segment: Segment, start: date, end: date | None, today: date, day: int
) -> Iterator[Wanted]:
    """Yield the periods of a segment that have begun by a day, the last one cut at its end."""
    period = segment.phase.period or NO_BILLING_PERIOD
    first = first_boundary(start, period, day)
    if start < first:
        last = first if end is None else min(first, end)
        yield Wanted(segment, start, last, advance(first, period, -1, day), first)
    number = 0
    while True:
        since = advance(first, period, number, day)
        if since > today or (end is not None and since >= end):
            return
        until = advance(first, period, number + 1, day)
        yield Wanted(segment, since, until if end is None else min(until, end), since, until)
        number += 1


def _differences(
    subscription: Subscription, wanted: list[Wanted], since: date
) -> tuple[list[tuple[Wanted, Range]], list[tuple[Item, Range]]]:
    # What lies before was judged when it was billed.
    since = min([since, *(one.start for one in wanted)])
    repairs: list[tuple[Item, Range]] = []
    for item in subscription.items:
        if item.end <= since:
            continue
        ranges = [(one.start, one.end) for one in wanted if one.key == item.key]
        for part in _minus(item.live, ranges):
            if part[1] > since:
                repairs.append((item, (max(part[0], since), part[1])))
    new: list[tuple[Wanted, Range]] = []
    for one in wanted:
        kept: list[Range] = []
        for item in subscription.items:
            if item.key == one.key and item.end > one.start:
                kept += _minus(item.live, [part for other, part in repairs if other is item])
        new += [(one, part) for part in _minus([(one.start, one.end)], kept)]
    return new, repairs


def _minus(ranges: Iterable[Range], others: Iterable[Range]) -> list[Range]:
    """Return what ranges have beyond others."""
    rest = list(ranges)
    for start, end in others:
        pieces: list[Range] = []
        for since, until in rest:
            if since < min(until, start):
                pieces.append((since, min(until, start)))
            if max(since, end) < until:
                pieces.append((max(since, end), until))
        rest = pieces
    return rest


def cut(item: Item, gone: Range) -> None:
    """Take a part of its time from an item."""
    item.live = _minus(item.live, [gone])
