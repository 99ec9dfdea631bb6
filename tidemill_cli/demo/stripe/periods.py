"""The life of a subscription from its start: trials, periods, pauses and its scheduled end."""

from tidemill_cli.demo.stripe import ends, invoicing
from tidemill_cli.demo.stripe.clock import HOUR, boundary_after, step
from tidemill_cli.demo.stripe.model import ENDS, PERIODS, Item, Line, PauseBehavior, Subscription
from tidemill_cli.demo.stripe.proration import share_of

# A first payment may take this long.
INCOMPLETE_FOR = 23 * HOUR


def begin(subscription: Subscription, when: int, *, prorate: bool = True) -> None:
    """Start a subscription that has its items: open its periods and bill the first one."""
    customer = subscription.customer
    if customer.currency is None:
        customer.currency = subscription.currency
        customer.journal.customer(customer, when)
    customer.subscriptions.append(subscription)
    lines: list[Line] = []
    if subscription.trial_end is not None:
        subscription.status = "trialing"
        subscription.anchor = subscription.trial_end
        for item in subscription.items:
            item.period_start, item.period_end = when, subscription.trial_end
            lines.append(invoicing.trial_line(item, when, subscription.trial_end))
    else:
        if subscription.start_date < when:
            lines += [_backdated(item, when) for item in subscription.items if prorated(item)]
        for item in subscription.items:
            open_period(item, when)
        lines += _first_lines(subscription, when, prorate=prorate)
    plan_period(subscription)
    if not lines:
        customer.journal.subscription(subscription, when, "created")
        return
    invoice = invoicing.create(customer, subscription, lines, "subscription_create", when)
    if subscription.trial_end is None:
        # A card that fails does not let the subscription start.
        pays = customer.has_card and not customer.failing
        sent = subscription.collection_method == "send_invoice"
        subscription.status = "active" if sent or pays or invoice.total <= 0 else "incomplete"
    customer.journal.subscription(subscription, when, "created")
    invoicing.issue(invoice, when, at_once=True)
    if subscription.status == "incomplete":
        customer.plan_job(when + INCOMPLETE_FOR, ENDS, lambda now: _expire(subscription, now))


def prorated(item: Item) -> bool:
    """Tell whether parts of a period are billed: usage is not."""
    return not item.price.metered


def open_period(item: Item, start: int) -> None:
    """Let an item's period begin."""
    price, subscription = item.price, item.subscription
    item.period_start = start
    item.period_end = boundary_after(subscription.anchor, price.interval, price.count, start)


def plan_period(subscription: Subscription) -> None:
    """Come back at the end of the period that ends first."""
    subscription.customer.plan_job(
        subscription.period_end, PERIODS, lambda now: _turn(subscription, now)
    )


def plan_end(subscription: Subscription) -> None:
    """Come back when the subscription is to end."""
    if subscription.cancel_at is not None:
        subscription.customer.plan_job(
            subscription.cancel_at, ENDS, lambda now: _end_as_asked(subscription, now)
        )


def _first_lines(subscription: Subscription, when: int, *, prorate: bool) -> list[Line]:
    """Bill the first period; one that is cut short by a later anchor is billed in part."""
    lines = []
    for item in subscription.items:
        if item.period_end < subscription.anchor:
            message = "the anchor is more than a period away"
            raise ValueError(message)
        if subscription.anchor <= when or not prorated(item):
            lines.append(invoicing.regular_line(item, item.period_start, item.period_end))
        elif prorate:
            price = item.price
            before = step(subscription.anchor, price.interval, price.count, -1)
            part = share_of(item, item.period_end - when, item.period_end - before, when)
            line = invoicing.regular_line(item, when, item.period_end)
            line.amount, line.proration, line.discountable = part, True, False
            line.description = f"Time on {price.product.name} until the first full period"
            lines.append(line)
    return lines


def _backdated(item: Item, when: int) -> Line:
    """Bill the time since a start in the past: whole periods, and a part of the next."""
    subscription, price = item.subscription, item.price
    start = subscription.start_date
    amount, since = 0, start
    while since < when:
        end = boundary_after(start, price.interval, price.count, since)
        amount += share_of(item, min(end, when) - since, end - since, when)
        since = end
    line = invoicing.regular_line(item, start, when)
    line.amount, line.proration, line.discountable = amount, True, False
    line.description = f"Time on {item.quantity} \u00d7 {price.product.name} since the start"
    return line


def _turn(subscription: Subscription, when: int) -> None:
    """End a trial, or the periods that are over."""
    if subscription.status == "trialing" and when == subscription.trial_end:
        end_trial(subscription, when)
    elif subscription.bills and subscription.period_end <= when:
        renew(subscription, when)


def end_trial(subscription: Subscription, when: int) -> None:
    """Let the paid time begin, unless a card is missing and that matters."""
    customer = subscription.customer
    if not customer.has_card and subscription.collection_method == "charge_automatically":
        if subscription.missing_card == "cancel":
            ends.cancel(subscription, when, "payment_failed")
            return
        if subscription.missing_card == "pause":
            subscription.status = "paused"
            customer.journal.subscription(subscription, when)
            return
    for item in subscription.items:
        # What was used in a trial is free.
        item.used.clear()
    subscription.status = "active"
    subscription.anchor = when
    renew(subscription, when)


def renew(subscription: Subscription, when: int) -> None:
    """Open the next periods of the items whose period is over, and bill them."""
    customer = subscription.customer
    before = (subscription.period_start, subscription.period_end)
    lines: list[Line] = []
    for item in subscription.items:
        if item.period_end > when:
            continue
        start, end = item.period_start, item.period_end
        if item.price.metered:
            lines.append(invoicing.usage_line(item, start, end))
        if item.trial is not None and item.trial.end <= when:
            item.price, item.trial = item.trial.then, None
        open_period(item, when)
        if not item.price.metered:
            lines.append(invoicing.regular_line(item, item.period_start, item.period_end))
    plan_period(subscription)
    invoice = invoicing.create(customer, subscription, lines, "subscription_cycle", when, before)
    customer.journal.subscription(subscription, when)
    invoicing.issue(invoice, when, at_once=False)


def _end_as_asked(subscription: Subscription, when: int) -> None:
    """End a subscription at the instant that was asked for; usage and prorations are billed."""
    if subscription.is_over or subscription.cancel_at != when:
        return
    lines = [
        invoicing.usage_line(item, item.period_start, when)
        for item in subscription.items
        if item.price.metered and item.used
    ]
    pending = bool(subscription.pending)
    if (lines or pending) and subscription.status != "trialing":
        period = (subscription.period_start, when)
        invoice = invoicing.create(
            subscription.customer, subscription, lines, "subscription_cycle", when, period
        )
        ends.end(subscription, when, final=invoice)
        invoicing.issue(invoice, when, at_once=False)
    else:
        ends.end(subscription, when)


def _expire(subscription: Subscription, when: int) -> None:
    """Give up on a first payment that did not come."""
    if subscription.status != "incomplete":
        return
    invoice = subscription.latest_invoice
    if invoice is not None and invoice.status == "open":
        invoicing.void(invoice, when)
    ends.end(subscription, when, "incomplete_expired")


def pause(
    subscription: Subscription, when: int, behavior: PauseBehavior, resumes_at: int | None
) -> None:
    """Stop collecting payments; periods go on, their invoices come to nothing."""
    subscription.pause = (behavior, resumes_at)
    subscription.customer.journal.subscription(subscription, when)
    if resumes_at is not None:
        subscription.customer.plan_job(
            resumes_at, ENDS, lambda now: _resume_as_planned(subscription, now)
        )


def unpause(subscription: Subscription, when: int) -> None:
    """Collect payments again."""
    subscription.pause = None
    subscription.customer.journal.subscription(subscription, when)


def _resume_as_planned(subscription: Subscription, when: int) -> None:
    if not subscription.is_over and subscription.pause and subscription.pause[1] == when:
        unpause(subscription, when)


def resume(subscription: Subscription, when: int) -> None:
    """Let a subscription go on that waited for a card since its trial: a period begins now."""
    if subscription.status != "paused":
        message = f"a subscription that is {subscription.status} cannot be resumed"
        raise ValueError(message)
    subscription.status, subscription.anchor = "active", when
    restart(subscription, when)


def restart(subscription: Subscription, when: int) -> None:
    """Begin every item's period anew at an instant and bill it at once."""
    lines = []
    for item in subscription.items:
        if item.price.metered and item.used:
            lines.append(invoicing.usage_line(item, item.period_start, when))
        open_period(item, when)
        if prorated(item):
            lines.append(invoicing.regular_line(item, item.period_start, item.period_end))
    plan_period(subscription)
    invoice = invoicing.create(
        subscription.customer, subscription, lines, "subscription_update", when
    )
    subscription.customer.journal.subscription(subscription, when)
    invoicing.issue(invoice, when, at_once=True)


def move_trial_end(subscription: Subscription, when: int, trial_end: int) -> None:
    """Let a trial end at another time, or now."""
    if subscription.status != "trialing":
        message = f"a subscription that is {subscription.status} has no trial to extend"
        raise ValueError(message)
    subscription.trial_end = subscription.anchor = trial_end
    for item in subscription.items:
        item.period_end = trial_end
    if trial_end <= when:
        end_trial(subscription, when)
        return
    plan_period(subscription)
    subscription.customer.journal.subscription(subscription, when)
