"""How subscriptions begin: now, back-dated, pending until their day, or gated by a payment."""

from decimal import Decimal

from tidemill_cli.demo.lago.account import (
    ACTIVE,
    CANCELED,
    INCOMPLETE,
    PENDING,
    TERMINATED,
    Account,
    Gate,
    Subscription,
)
from tidemill_cli.demo.lago.billing import start_fees
from tidemill_cli.demo.lago.catalog import Plan
from tidemill_cli.demo.lago.clock import MINUTE, NEVER, billing_calendar, next_tick
from tidemill_cli.demo.lago.invoicing import FINALIZED, OPEN, Draft, finalize
from tidemill_cli.demo.lago.pricing import BillingTime
from tidemill_cli.demo.lago.rows import moment

GATE_DELAY = 10 * MINUTE


def subscribe(
    account: Account,
    plan: Plan,
    when: int,
    *,
    external_id: str,
    starts_at: int | None = None,
    billing_time: BillingTime = "calendar",
    ending_at: int | None = None,
    units: dict[str, Decimal] | None = None,
    gated: Gate | None = None,
) -> Subscription:
    """Subscribe a customer to a plan, from now, from a past or from a future instant."""
    begins = when if starts_at is None else starts_at
    for other in account.subscriptions:
        if other.external_id != external_id:
            continue
        if other.status not in (TERMINATED, CANCELED):
            message = f"customer {account.external_id!r} already has {external_id!r}"
            raise ValueError(message)
        if other.terminated_at is not None:
            # A back-dated start does not reach into what was billed before.
            begins = max(begins, other.terminated_at)
    subscription = Subscription(
        account=account,
        id=account.rows.uuid(),
        external_id=external_id,
        plan=plan,
        billing_time=billing_time,
        subscription_at=begins,
        created_at=when,
        updated_at=when,
        ending_at=ending_at,
    )
    account.subscriptions.append(subscription)
    account.live.append(subscription)
    if units:
        take_units(account, subscription, units, begins, when)
    if begins > when:
        reschedule(subscription)
    elif gated is not None:
        gate(account, subscription, gated, begins, when)
    else:
        start(account, subscription, begins, when)
        subscription.activated_at = begins
        if account.zone.day(begins) == account.zone.day(when):
            bill_start(account, subscription, when)
    return subscription


def take_units(
    account: Account, subscription: Subscription, units: dict[str, Decimal], since: int, when: int
) -> None:
    """Give a subscription its own quantities."""
    for code, value in units.items():
        subscription.plan.charge(code)
        subscription.units[code] = [(since, value)]
        subscription.overridden[code] = (account.rows.uuid(), when)


def gate(
    account: Account, subscription: Subscription, outcome: Gate, begins: int, when: int
) -> None:
    """Let a subscription wait for its first payment."""
    subscription.gate = (outcome, account.rows.uuid(), when + GATE_DELAY)
    subscription.status = INCOMPLETE
    open_periods(account, subscription, begins, when)
    bill_start(account, subscription, when, OPEN)


def activate(account: Account, subscription: Subscription, when: int) -> None:
    """Start a pending subscription whose day has come."""
    for units in subscription.units.values():
        units[0] = (when, units[0][1])
    start(account, subscription, when, when)
    subscription.activated_at = when
    bill_start(account, subscription, when)


def start(account: Account, subscription: Subscription, when: int, known_at: int) -> None:
    """Make a subscription active from an instant; the engine knows since another."""
    subscription.status = ACTIVE
    open_periods(account, subscription, when, known_at)


def open_periods(account: Account, subscription: Subscription, when: int, known_at: int) -> None:
    """Set the start, the billing periods and the jobs of a starting subscription."""
    zone, plan = account.zone, subscription.plan
    subscription.started_at = when
    subscription.updated_at = known_at
    first = account.lineages.setdefault(subscription.external_id, when)
    if when < first:
        account.lineages[subscription.external_id] = when
    today = zone.day(known_at)
    subscription.first_day = zone.day(when)
    anchor = zone.day(subscription.subscription_at)
    calendar = billing_calendar(zone, plan.interval, subscription.billing_time, anchor)
    # Nothing is billed for the time before a back-dated subscription became known.
    subscription.period = calendar.containing(today)
    subscription.fixed_period = None
    is_monthly = (plan.charges and plan.monthly_fixed_charges) or (
        plan.usage and plan.monthly_usage
    )
    if is_monthly and calendar.months >= 6:
        monthly = billing_calendar(zone, "monthly", subscription.billing_time, anchor)
        subscription.fixed_period = monthly.containing(today)
    trial_end = account.trial_end(subscription)
    if trial_end is not None:
        subscription.trial_due = next_tick(max(trial_end, known_at + 1), 35)
    plan_end(account, subscription)
    for charge in plan.charges:
        code = charge.spec.code
        units = subscription.units.get(code)
        current = units[-1][1] if units else charge.units
        if not units:
            subscription.units[code] = [(when, current)]
        write_event(account, subscription, charge.id, current, when, known_at)
    reschedule(subscription)


def bill_start(
    account: Account, subscription: Subscription, when: int, status: str = FINALIZED
) -> None:
    """Bill what is paid in advance from the start."""
    draft = Draft(subscription.plan.currency)
    start_fees(account, subscription, draft, when)
    finalize(account, draft, when, status)


def write_event(
    account: Account,
    subscription: Subscription,
    charge_id: str,
    units: Decimal,
    when: int,
    known_at: int,
) -> None:
    """Record the quantity of a fixed charge from an instant on."""
    created = moment(known_at)
    account.rows.add(
        "fixed_charge_events",
        id=account.rows.uuid(),
        organization_id=account.organization.id,
        subscription_id=subscription.id,
        fixed_charge_id=charge_id,
        units=str(units),
        timestamp=moment(when),
        created_at=created,
        updated_at=created,
    )


def schedule_end(
    account: Account, subscription: Subscription, ending_at: int | None, when: int
) -> None:
    """Set or take back the planned end."""
    subscription.ending_at = ending_at
    subscription.updated_at = when
    plan_end(account, subscription)
    reschedule(subscription)


def plan_end(account: Account, subscription: Subscription) -> None:
    """Find the hourly run that will end the subscription, on the local day of `ending_at`."""
    subscription.ending_due = NEVER
    if subscription.ending_at is not None:
        opens = account.zone.midnight(account.zone.day(subscription.ending_at))
        subscription.ending_due = next_tick(max(opens, account.now + 1), 5)


def reschedule(subscription: Subscription) -> None:
    """Find when the subscription's next job is due."""
    if subscription.status == ACTIVE and subscription.period is not None:
        # The monthly periods of fixed charges include the plan's own billing days.
        due = (subscription.fixed_period or subscription.period).following.run_at
        if subscription.trial_due < due:
            due = subscription.trial_due
        if subscription.ending_due < due:
            due = subscription.ending_due
        subscription.due = due
    elif subscription.status == INCOMPLETE and subscription.gate is not None:
        subscription.due = subscription.gate[2]
    elif subscription.status == PENDING and subscription.previous is None:
        zone = subscription.account.zone
        opens = zone.midnight(zone.day(subscription.subscription_at))
        subscription.due = next_tick(max(opens, subscription.created_at), 0, 5 * MINUTE)
    else:
        subscription.due = NEVER
