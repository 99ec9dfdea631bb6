"""Usage: units that are billed each month when it is over."""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

from tidemill_cli.demo.killbill.clock import advance, first_boundary
from tidemill_cli.demo.killbill.model import Invoice, Subscription
from tidemill_cli.demo.killbill.proposals import billing_day
from tidemill_cli.demo.killbill.rows import Row
from tidemill_cli.demo.killbill.timeline import Segment
from tidemill_cli.demo.killbill.world import World


def add_usage(
    world: World,
    invoice: Invoice,
    subscription: Subscription,
    found: Iterable[Segment],
    today: date,
    add_item: Callable[..., Row],
) -> date | None:
    """Bill what was used in months that are over; return when the running one is."""
    account = subscription.account
    again: date | None = None
    for segment in found:
        usage = segment.phase.usage
        start = account.local(segment.start)
        if usage is None or start > today:
            continue
        end = None if segment.end is None else account.local(segment.end)
        for since, until in _months(start, end, today, billing_day(subscription, segment)):
            if until > today:
                again = until
            elif (since, until) not in subscription.used_billed:
                subscription.used_billed.add((since, until))
                units = _used(subscription, since, until)
                price = usage.prices[account.currency]
                add_item(
                    world,
                    invoice,
                    "USAGE",
                    price * units,
                    start_date=since,
                    end_date=until,
                    rate=price,
                    quantity=Decimal(units),
                    usage_name=usage.name,
                    bundle_id=subscription.bundle.id,
                    subscription_id=subscription.id,
                    product_name=segment.product,
                    plan_name=segment.plan,
                    phase_name=segment.phase_name,
                    catalog_effective_date=segment.catalog_at,
                    description=usage.name,
                )
    return again


def use(world: World, subscription: Subscription, unit: str, units: int) -> None:
    """Report units that were used."""
    subscription.used.append((world.now, units))
    world.rows.add(
        "rolled_up_usage",
        world.now,
        subscription_id=subscription.id,
        unit_type=unit,
        record_date=world.now,
        amount=Decimal(units),
        tracking_id=world.rows.new_id(),
        **subscription.account.keys,
    )


def _months(start: date, end: date | None, today: date, day: int) -> list[tuple[date, date]]:
    """Return the months that have begun by a day, the first and the last one cut."""
    found: list[tuple[date, date]] = []
    since, number = start, 0
    first = first_boundary(start, "MONTHLY", day)
    if first == start:
        number = 1
    while since <= today and (end is None or since < end):
        until = advance(first, "MONTHLY", number, day)
        found.append((since, until if end is None else min(until, end)))
        since, number = until, number + 1
    return found


def _used(subscription: Subscription, since: date, until: date) -> int:
    local = subscription.account.local
    return sum(units for at, units in subscription.used if since <= local(at) < until)
