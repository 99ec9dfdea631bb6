"""Subscriptions end, by wish: billing and access each by a policy of its own."""

from datetime import datetime

from tidemill_cli.demo.killbill import blocking, changes, starts, timeline
from tidemill_cli.demo.killbill.model import Bundle, Policy, Subscription
from tidemill_cli.demo.killbill.rows import Row, touch
from tidemill_cli.demo.killbill.world import World


def is_live(subscription: Subscription, when: datetime) -> bool:
    """Tell whether a subscription runs at an instant."""
    return timeline.state_at(subscription, when) is not None


def cancel(
    world: World,
    subscription: Subscription,
    entitlement: Policy,
    billing: Policy,
    on: datetime | None = None,
) -> datetime:
    """End a subscription, by policies or on a day that is given; return when its billing ends."""
    if not is_live(subscription, world.now):
        message = "a subscription that does not run cannot be cancelled"
        raise ValueError(message)
    at = changes.effective(world, subscription, billing)
    access = world.now
    if entitlement == "END_OF_TERM":
        # What is billed may have ended long ago, and access then has, too.
        access = subscription.charged_through or world.now
    if on is not None:
        at = access = max(on, world.now)
    starts.drop(world, subscription, at)
    for event in subscription.events:
        # An end that was planned for earlier would come first.
        if event.active and event.kind == "CANCEL":
            touch(event.row, world.now, is_active=False)
    if subscription.entitlement_end is not None:
        touch(subscription.entitlement_end, world.now, is_active=False)
    starts.add_event(world, subscription, "CANCEL", at)
    blocking.cancelled(world, subscription, access)
    if subscription.category == "BASE":
        bundle, row = subscription.bundle, subscription.entitlement_end
        if at <= world.now:
            starts.end_add_ons(world, bundle, at)
        elif access <= world.now:
            starts.shut_add_ons(world, bundle, access)
        elif row is not None:
            world.at(access, lambda: _shut(world, bundle, row, access))
    return at


def _shut(world: World, bundle: Bundle, row: Row, access: datetime) -> None:
    if row["is_active"]:
        starts.shut_add_ons(world, bundle, access)


def uncancel(world: World, subscription: Subscription) -> None:
    """Take back an end that has not come yet."""
    planned = [
        e for e in subscription.events if e.active and e.kind == "CANCEL" and e.at > world.now
    ]
    if not planned:
        message = "there is no end to take back"
        raise ValueError(message)
    access = subscription.entitlement_end
    if access is not None and str(access["effective_date"]) <= str(world.now):
        message = "access has ended already"
        raise ValueError(message)
    starts.drop(world, subscription, planned[0].at, ("CANCEL",))
    if subscription.entitlement_end is not None:
        touch(subscription.entitlement_end, world.now, is_active=False)
        subscription.entitlement_end = None
    starts.add_event(world, subscription, "UNCANCEL", world.now)
    changes.go_on(world, subscription)
