"""Subscription schedules: a start, or other items, planned ahead."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tidemill_cli.demo.stripe import changes, discounts
from tidemill_cli.demo.stripe.catalog import Coupon, Price
from tidemill_cli.demo.stripe.clock import step
from tidemill_cli.demo.stripe.model import (
    PHASES,
    Customer,
    Discount,
    Item,
    Phase,
    Proration,
    Schedule,
    Subscription,
)
from tidemill_cli.demo.stripe.periods import plan_period

Items = list[tuple[Price, int]]


@dataclass(slots=True)
class Plans:
    """What a phase plans beside its items."""

    currency: str
    discounts: list[Discount | Coupon] = field(default_factory=list)
    item_discounts: dict[str, list[Discount | Coupon]] = field(default_factory=dict)
    trial_end: int | None = None


def plan_change(
    subscription: Subscription,
    items: Items,
    starts_at: int,
    when: int,
    proration: Proration,
    plans: Plans | None = None,
) -> Schedule:
    """Give a running subscription other items from an instant on.

    Without other plans it keeps its discounts: a phase has to list them.
    """
    if subscription.schedule is not None and subscription.schedule.status == "active":
        release(subscription.schedule, when)
    customer = subscription.customer
    now = [(item.price, item.quantity) for item in subscription.items]
    if plans is None:
        held: dict[str, list[Discount | Coupon]] = {
            item.price.id: list(item.discounts) for item in subscription.items
        }
        plans = Plans(subscription.currency, list(subscription.discounts), held)
    first = Phase(subscription.period_start, starts_at, now, subscription.currency)
    schedule = Schedule(
        customer.new_id("sub_sched"),
        customer,
        when,
        when,
        [first, _phase(items, starts_at, proration, plans)],
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
    plans: Plans,
) -> Schedule:
    """Let a subscription start at an instant to come."""
    schedule = Schedule(
        customer.new_id("sub_sched"),
        customer,
        when,
        when,
        [_phase(items, starts_at, "none", plans)],
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


def _phase(items: Items, starts_at: int, proration: Proration, plans: Plans) -> Phase:
    price = items[0][0]
    end = step(starts_at, price.interval, price.count, 1)
    return Phase(
        starts_at,
        end,
        items,
        plans.currency,
        proration,
        plans.discounts,
        plans.item_discounts,
        plans.trial_end,
    )


def _take_over(
    subscription: Subscription, item: Item | None, planned: list[Discount | Coupon], when: int
) -> None:
    """Give a subscription, or an item of it, the discounts that a phase plans, and no others."""
    holder = item or subscription
    for held in holder.discounts:
        if held not in planned and held.gone_at is None:
            held.gone_at = when
    holder.discounts = [held for held in holder.discounts if held in planned]
    for coupon in planned:
        if isinstance(coupon, Coupon):
            discounts.hold(subscription.customer, coupon, when, subscription, item)


def _begin_trial(subscription: Subscription, when: int, trial_end: int) -> None:
    """Let a running subscription be on trial up to an instant."""
    subscription.status = "trialing"
    subscription.trial_start, subscription.trial_end = when, trial_end
    for item in subscription.items:
        item.period_start, item.period_end = when, trial_end
    plan_period(subscription)


def _enter(schedule: Schedule, when: int) -> None:
    """Give the subscription the items of the next phase."""
    subscription = schedule.subscription
    if schedule.status != "active" or subscription is None or subscription.is_over:
        return
    phase = schedule.phases[-1]
    schedule.current, schedule.updated = phase, when
    schedule.customer.journal.schedule(schedule, "updated", when)
    steps: list[changes.Change] = []
    kept = {item.price: item for item in subscription.items}
    others = [i for i in subscription.items if i.price not in {price for price, _ in phase.items}]
    _take_over(subscription, None, phase.discounts, when)
    for price, quantity in phase.items:
        item = kept.get(price) or (others.pop(0) if others else None)
        if item is not None:
            _take_over(subscription, item, phase.item_discounts.get(price.id, []), when)
        if item is None or price is not item.price or quantity != item.quantity:
            steps.append(changes.Change(item, price, quantity))
    steps += [changes.Change(item, None) for item in others]
    if phase.trial_end is not None:
        _begin_trial(subscription, when, phase.trial_end)
    if steps:
        changes.apply(subscription, steps, when, phase.proration)
    for item in subscription.items:
        if not item.discounts:
            _take_over(subscription, item, phase.item_discounts.get(item.price.id, []), when)
    schedule.customer.journal.subscription(subscription, when)
    _plan_release(schedule)


def _plan_release(schedule: Schedule) -> None:
    def leave(now: int) -> None:
        if schedule.status == "active":
            release(schedule, now)

    schedule.customer.plan_job(schedule.phases[-1].end, PHASES, leave)
