"""Subscription schedules: a start, or other items, planned ahead."""

from collections.abc import Callable

from tidemill_cli.demo.stripe import changes
from tidemill_cli.demo.stripe.catalog import Price
from tidemill_cli.demo.stripe.clock import step
from tidemill_cli.demo.stripe.model import (
    PHASES,
    Customer,
    Phase,
    Proration,
    Schedule,
    Subscription,
)

Items = list[tuple[Price, int]]


def plan_change(
    subscription: Subscription,
    items: Items,
    starts_at: int,
    when: int,
    proration: Proration,
) -> Schedule:
    """Give a running subscription other items from an instant on."""
    if subscription.schedule is not None and subscription.schedule.status == "active":
        release(subscription.schedule, when)
    customer = subscription.customer
    now = [(item.price, item.quantity) for item in subscription.items]
    first = Phase(subscription.period_start, starts_at, now)
    schedule = Schedule(
        customer.new_id("sub_sched"),
        customer,
        when,
        when,
        [first, _phase(items, starts_at, proration)],
        subscription,
        current=first,
    )
    subscription.schedule = schedule
    customer.schedules.append(schedule)
    customer.journal.schedule(schedule, "created", when)
    customer.journal.subscription(subscription, when)
    customer.plan_job(starts_at, PHASES, lambda now: _enter(schedule, now))
    return schedule


def plan_start(
    customer: Customer,
    items: Items,
    starts_at: int,
    when: int,
    begin: Callable[[int], Subscription],
) -> Schedule:
    """Let a subscription start at an instant to come."""
    schedule = Schedule(
        customer.new_id("sub_sched"),
        customer,
        when,
        when,
        [_phase(items, starts_at, "none")],
        status="not_started",
    )
    customer.schedules.append(schedule)
    customer.journal.schedule(schedule, "created", when)

    def start(now: int) -> None:
        if schedule.status != "not_started" or customer.deleted:
            return
        subscription = begin(now)
        subscription.schedule, schedule.subscription = schedule, subscription
        schedule.status, schedule.current = "active", schedule.phases[0]
        customer.journal.schedule(schedule, "updated", now)
        customer.journal.subscription(subscription, now)
        _plan_release(schedule)

    customer.plan_job(starts_at, PHASES, start)
    return schedule


def release(schedule: Schedule, when: int) -> None:
    """Let the subscription go on by itself; what was still planned does not come."""
    customer, subscription = schedule.customer, schedule.subscription
    schedule.status, schedule.released_at, schedule.current = "released", when, None
    if subscription is not None:
        schedule.released_subscription, schedule.subscription = subscription.id, None
        subscription.schedule = None
    customer.journal.schedule(schedule, "released", when)
    if subscription is not None:
        customer.journal.subscription(subscription, when)


def _phase(items: Items, starts_at: int, proration: Proration) -> Phase:
    price = items[0][0]
    return Phase(starts_at, step(starts_at, price.interval, price.count, 1), items, proration)


def _enter(schedule: Schedule, when: int) -> None:
    """Give the subscription the items of the next phase."""
    subscription = schedule.subscription
    if schedule.status != "active" or subscription is None or subscription.is_over:
        return
    phase = schedule.phases[-1]
    schedule.current, schedule.updated = phase, when
    schedule.customer.journal.schedule(schedule, "updated", when)
    wanted = list(phase.items)
    steps: list[changes.Change] = []
    kept = {item.price: item for item in subscription.items}
    others = [i for i in subscription.items if i.price not in {price for price, _ in wanted}]
    for price, quantity in wanted:
        item = kept.get(price) or (others.pop(0) if others else None)
        if item is None or price is not item.price or quantity != item.quantity:
            steps.append(changes.Change(item, price, quantity))
    steps += [changes.Change(item, None) for item in others]
    if steps:
        changes.apply(subscription, steps, when, phase.proration)
    _plan_release(schedule)


def _plan_release(schedule: Schedule) -> None:
    def leave(now: int) -> None:
        if schedule.status == "active":
            release(schedule, now)

    schedule.customer.plan_job(schedule.phases[-1].end, PHASES, leave)
