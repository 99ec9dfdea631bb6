"""Changes of plan, quantity and billing day."""

from datetime import datetime

from tidemill_cli.demo.killbill import starts, timeline
from tidemill_cli.demo.killbill.model import Policy, Subscription
from tidemill_cli.demo.killbill.world import World

# A change of plan takes the place of what was planned; quantities and billing days stay.
_REPLACED = ("PHASE", "CHANGE", "CANCEL", "EXPIRED")


def change_plan(
    world: World, subscription: Subscription, plan: str, policy: Policy = "IMMEDIATE"
) -> datetime:
    """Give a subscription another plan, now or when what is billed is over; return when."""
    live(world, subscription)
    at = effective(world, subscription, policy)
    first = next(e for e in subscription.events if e.active and e.kind in timeline.STARTS)
    kind = "CHANGE"
    if at <= first.at:
        # Nobody has had the plan before: it is as if this one had been chosen.
        at, kind = first.at, first.kind
        starts.drop(world, subscription, at, (*_REPLACED, first.kind))
    else:
        starts.drop(world, subscription, at, _REPLACED)
    if at == subscription.moved_at:
        subscription.moved_at = None
    starts.begin(world, subscription, kind, plan, starts.phase_at(subscription, plan, at), at)
    if at <= world.now:
        starts.drop_unavailable(world, subscription, plan, at)
    return at


def undo_change(world: World, subscription: Subscription) -> None:
    """Take back a change that has not come yet."""
    planned = [
        e for e in subscription.events if e.active and e.kind == "CHANGE" and e.at > world.now
    ]
    if not planned:
        message = "there is no change to take back"
        raise ValueError(message)
    starts.drop(world, subscription, planned[0].at, ("PHASE", "CHANGE", "EXPIRED"))
    starts.add_event(world, subscription, "UNDO_CHANGE", world.now)
    go_on(world, subscription)


def set_quantity(
    world: World, subscription: Subscription, quantity: int, policy: Policy = "IMMEDIATE"
) -> datetime:
    """Bill another number of units, from now on or from the next period; return from when."""
    live(world, subscription)
    at = effective(world, subscription, policy)
    starts.add_event(world, subscription, "QUANTITY_UPDATE", at, quantity=quantity)
    return at


def set_billing_day(world: World, subscription: Subscription, day: int, at: datetime) -> None:
    """Bill on another day of the month, from an instant on."""
    live(world, subscription)
    starts.add_event(world, subscription, "BCD_UPDATE", at, billing_day=day)


def go_on(world: World, subscription: Subscription) -> None:
    """Plan again what follows the running phase, where something that was planned is gone."""
    states, _ = timeline.replay(subscription)
    last = states[-1]
    if not any(
        e.active and e.kind in ("PHASE", "EXPIRED") and e.at > world.now
        for e in subscription.events
    ):
        starts.plan_next(world, subscription, last.plan, last.phase, last.since, last.changed_at)


def live(world: World, subscription: Subscription) -> None:
    """Refuse what is over, or is going to be."""
    if timeline.replay(subscription)[1] is not None and any(
        e.active and e.kind == "CANCEL" for e in subscription.events
    ):
        message = "a subscription that is cancelled, or will be, cannot change"
        raise ValueError(message)
    if timeline.state_at(subscription, world.now) is None:
        message = "a subscription that is over cannot change"
        raise ValueError(message)


def effective(world: World, subscription: Subscription, policy: Policy) -> datetime:
    """Return when something takes effect by a policy."""
    through = subscription.charged_through
    if policy == "END_OF_TERM" and through is not None and through > world.now:
        return through
    return world.now
