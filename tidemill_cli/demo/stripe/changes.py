"""Change what a subscription bills: prices, quantities, items and coupons."""

from dataclasses import dataclass

from tidemill_cli.demo.stripe import invoicing
from tidemill_cli.demo.stripe.catalog import Price
from tidemill_cli.demo.stripe.clock import step
from tidemill_cli.demo.stripe.discounts import lasting
from tidemill_cli.demo.stripe.model import Item, Line, Proration, Subscription, Trial
from tidemill_cli.demo.stripe.periods import open_period, plan_period, prorated, restart
from tidemill_cli.demo.stripe.proration import proration_line


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of an item (None: a new one); without a price it is removed."""

    item: Item | None
    price: Price | None
    quantity: int = 1
    # Whether a new item takes the place of the old one: swaps may do either.
    as_new_item: bool = False


def new_item(subscription: Subscription, price: Price, quantity: int, when: int) -> Item:
    """Add an item to a subscription that is not billed for it yet."""
    if price.metered:
        quantity = 0
    customer = subscription.customer
    item = Item(customer.new_id("si"), subscription, price, quantity, when, when)
    subscription.items.append(item)
    return item


def begin_trial(item: Item, price: Price | None, periods: int) -> None:
    """Let a new item be tried for some of its periods: at a price of the trial, or for nothing."""
    then = item.price
    item.price = price or then
    end = step(item.created, item.price.interval, item.price.count, periods)
    item.trial = Trial(item.created, end, then, free=price is None)


def apply(
    subscription: Subscription,
    changes: list[Change],
    when: int,
    proration: Proration,
) -> list[Item]:
    """Change items at an instant; returns the items as they are after it."""
    customer = subscription.customer
    billed = subscription.status != "trialing"
    begins_anew = billed and _begins_anew(subscription, changes)
    prorates = billed and proration != "none" and subscription.status != "incomplete"
    lines: list[Line] = []
    touched = [change.item for change in changes if change.item is not None]
    if begins_anew:
        touched = list(subscription.items)
    if prorates:
        borne = lasting(subscription.items, when)
        lines += [
            proration_line(item, borne, when, credit=True, new_id=customer.new_id("il"))
            for item in touched
            if prorated(item) and item.period_end > when
        ]
    opened: list[Item] = []
    after = [_change(subscription, change, when, opened) for change in changes]
    changed = [item for item in after if item is not None]
    check(subscription)
    if prorates and not begins_anew:
        borne = lasting(subscription.items, when)
        lines += [
            proration_line(item, borne, when, credit=False, new_id=customer.new_id("il"))
            for item in changed
            # An item of its own interval begins its own period instead.
            if prorated(item) and item not in opened and item.period_end > when
        ]
    # Nothing is said of what costs nothing before and after.
    subscription.pending += [line for line in lines if line.amount]
    if begins_anew:
        subscription.anchor = when
        restart(subscription, when)
        return changed
    fresh = [
        invoicing.regular_line(item, item.period_start, item.period_end)
        for item in opened
        if billed and prorated(item)
    ]
    plan_period(subscription)
    if fresh or (proration == "always_invoice" and subscription.pending):
        invoice = invoicing.create(customer, subscription, fresh, "subscription_update", when)
        customer.journal.subscription(subscription, when)
        invoicing.issue(invoice, when, at_once=True)
    else:
        customer.journal.subscription(subscription, when)
    return changed


def _begins_anew(subscription: Subscription, changes: list[Change]) -> bool:
    """Tell whether the billing cycle starts again: another interval, or from free to paid."""
    if subscription.flexible:
        return False
    new = [change.price for change in changes if change.price is not None]
    cadence = subscription.item.price.cadence
    if any(price.cadence != cadence for price in new):
        return True
    was_free = not any(item.gross or item.price.metered for item in subscription.items)
    currency = subscription.currency
    return was_free and any(
        change.price is not None
        and not change.price.metered
        and change.price.amount(change.quantity, currency) > 0
        for change in changes
    )


def _change(
    subscription: Subscription, change: Change, when: int, opened: list[Item]
) -> Item | None:
    """Change one item; those that begin a period of their own are added to `opened`."""
    old, price = change.item, change.price
    if old is not None and (price is None or change.as_new_item):
        # The engines mark what is gone, and leave it as they last saw it.
        old.deleted = True
        subscription.items.remove(old)
        subscription.removed.append(old)
    if price is None:
        return None
    if old is not None and not change.as_new_item:
        if old.price.cadence != price.cadence and subscription.flexible:
            old.price, old.quantity, old.updated = price, change.quantity, when
            open_period(old, when)
            opened.append(old)
            return old
        old.price, old.updated = price, when
        old.quantity = 0 if price.metered else change.quantity
        return old
    item = new_item(subscription, price, change.quantity, when)
    siblings = [
        other
        for other in [*subscription.items, *([old] if old else [])]
        if other is not item and other.price.cadence == price.cadence
    ]
    if siblings:
        item.period_start, item.period_end = siblings[0].period_start, siblings[0].period_end
    elif subscription.status == "trialing" and subscription.trial_end is not None:
        item.period_start, item.period_end = when, subscription.trial_end
    else:
        open_period(item, when)
        opened.append(item)
    if old is not None:
        item.discounts = [d for d in old.discounts if d.applies(when)]
    return item


def check(subscription: Subscription) -> None:
    """Refuse what Stripe refuses."""
    if not subscription.items:
        message = "a subscription keeps at least one item: cancel it instead"
        raise ValueError(message)
    if not subscription.flexible and len({i.price.cadence for i in subscription.items}) > 1:
        message = "items of different intervals need a flexible subscription"
        raise ValueError(message)
