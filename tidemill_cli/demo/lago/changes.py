"""Plan changes: upgrades at once, downgrades with the next period, or gated by a payment."""

from decimal import Decimal

from tidemill_cli.demo.lago.account import ACTIVE, PENDING, Account, Gate, Subscription
from tidemill_cli.demo.lago.billing import start_fees
from tidemill_cli.demo.lago.catalog import Plan
from tidemill_cli.demo.lago.clock import MILLISECOND
from tidemill_cli.demo.lago.ends import cancel_pending, close, settle_gated_invoice
from tidemill_cli.demo.lago.invoicing import Draft, finalize
from tidemill_cli.demo.lago.starts import gate, reschedule, start, take_units

# An upgrade takes the new row's start just before it ends the old one.
UPGRADE_LAG = 4 * MILLISECOND


def change_plan(
    account: Account,
    subscription: Subscription,
    plan: Plan,
    when: int,
    units: dict[str, Decimal] | None = None,
    gated: Gate | None = None,
) -> Subscription:
    """Change plan: at once if the new one costs at least as much a year, else with the period."""
    if subscription.status == PENDING and subscription.previous is None:
        subscription.plan = plan
        subscription.updated_at = when
        return subscription
    if subscription.status != ACTIVE:
        message = f"subscription {subscription.external_id!r} is not active"
        raise ValueError(message)
    if subscription.pending_change is not None:
        cancel_pending(account, subscription.pending_change, when)
    successor = Subscription(
        account=account,
        id=account.rows.uuid(),
        external_id=subscription.external_id,
        plan=plan,
        billing_time=subscription.billing_time,
        subscription_at=subscription.subscription_at,
        created_at=when,
        updated_at=when,
        previous=subscription,
        ending_at=subscription.ending_at,
    )
    account.subscriptions.append(successor)
    account.live.append(successor)
    if units:
        take_units(account, successor, units, when, when)
    upgrade = plan.yearly_price(when) >= subscription.plan.yearly_price(when)
    if upgrade and gated is not None:
        # The old row lives on until the payment for the new one arrives.
        subscription.pending_change = successor
        gate(account, successor, gated, when, when)
    elif upgrade:
        draft = Draft(plan.currency)
        today = account.zone.day(when)
        end = when + UPGRADE_LAG
        if subscription.plan.currency == plan.currency:
            close(account, subscription, end, draft, last_day=today, replaced=True)
        else:
            closing = Draft(subscription.plan.currency)
            close(account, subscription, end, closing, last_day=today, replaced=True)
            finalize(account, closing, end)
        start(account, successor, when, when)
        successor.activated_at = when
        start_fees(account, successor, draft, end)
        finalize(account, draft, end)
        account.now = max(account.now, end)
    else:
        subscription.pending_change = successor
    return successor


def rotate(
    account: Account, subscription: Subscription, closing: Draft, opening: Draft, when: int
) -> None:
    """Let a pending downgrade take over on a billing day."""
    successor = subscription.pending_change
    if successor is None:
        return
    subscription.pending_change = None
    last_day = account.zone.day(when)
    close(account, subscription, when, closing, last_day=last_day, replaced=True)
    for units in successor.units.values():
        units[0] = (when, units[0][1])
    start(account, successor, when, when)
    successor.activated_at = when
    start_fees(account, successor, opening, when)


def resolve_gate(account: Account, subscription: Subscription, when: int) -> None:
    """Activate or drop a subscription that waited for its first payment."""
    if subscription.gate is not None and subscription.gate[0] == "fails":
        cancel_pending(account, subscription, when)
        subscription.cancellation_reason = "payment_failed"
        return
    current = subscription.previous
    if current is not None:
        current.pending_change = None
        draft = Draft(current.plan.currency)
        last_day = account.zone.day(when)
        close(account, current, when, draft, last_day=last_day, replaced=True)
        finalize(account, draft, when)
    settle_gated_invoice(account, subscription, when, paid=True)
    subscription.status = ACTIVE
    # The start stays where it was when the payment was asked for.
    subscription.activated_at = subscription.updated_at = when
    reschedule(subscription)
