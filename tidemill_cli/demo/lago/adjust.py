"""Changes to a running subscription or customer: price override, quantities, coupons."""

from decimal import Decimal

from tidemill_cli.demo.lago.account import ACTIVE, Account, AppliedCoupon, Subscription
from tidemill_cli.demo.lago.billing import add_fixed_charge_fee
from tidemill_cli.demo.lago.catalog import Coupon
from tidemill_cli.demo.lago.invoicing import Draft, finalize
from tidemill_cli.demo.lago.starts import write_event


def override_price(account: Account, subscription: Subscription, amount: int, when: int) -> None:
    """Give one subscription its own price: a child plan, edited in place from then on."""
    plan = subscription.plan
    subscription.updated_at = when
    if plan.parent is not None:
        plan.price.change(when, amount)
        plan.updated_at = when
        return
    child = plan.override(account.rows, amount, when)
    account.overrides.append(child)
    subscription.plan = child
    if subscription.status == ACTIVE:
        for charge in child.charges:
            units = subscription.units_at(charge.spec.code, when)
            write_event(account, subscription, charge.id, units, when, when)


def set_units(
    account: Account,
    subscription: Subscription,
    code: str,
    units: Decimal,
    when: int,
    *,
    immediately: bool = True,
) -> None:
    """Set the quantity of a fixed charge, now or from the next period on."""
    charge = subscription.plan.charge(code)
    period = subscription.fixed_period or subscription.period
    if subscription.status != ACTIVE or period is None:
        message = f"subscription {subscription.external_id!r} is not active"
        raise ValueError(message)
    since = when if immediately else period.following.starts
    history = subscription.units.setdefault(code, [])
    before = subscription.units_at(code, when)
    while history and history[-1][0] >= since:
        history.pop()
    history.append((since, units))
    subscription.overridden.setdefault(code, (account.rows.uuid(), when))
    subscription.updated_at = when
    write_event(account, subscription, charge.id, units, since, when)
    if immediately and charge.spec.pay_in_advance and units > before:
        # More units of what is paid in advance are billed at once; fewer wait.
        price = charge.price.at(when)
        window = period.window(account.zone.day(when), period.last)
        extra = price.total(units) - price.total(before)
        if charge.spec.prorated:
            extra = extra * (window.last - window.first) / period.days
        draft = Draft(subscription.plan.currency)
        add_fixed_charge_fee(subscription, charge, units - before, extra, window, draft, when)
        finalize(account, draft, when)


def use(subscription: Subscription, code: str, units: Decimal, when: int) -> None:
    """Record usage of a billable metric."""
    if all(charge.spec.code != code for charge in subscription.plan.usage):
        message = f"plan {subscription.plan.code!r} does not charge for {code!r}"
        raise KeyError(message)
    subscription.used.setdefault(code, []).append((when, units))


def apply_coupon(account: Account, coupon: Coupon, when: int) -> AppliedCoupon:
    """Give a customer a coupon."""
    applied = AppliedCoupon(
        id=account.rows.uuid(),
        coupon=coupon,
        account=account,
        created_at=when,
        updated_at=when,
        remaining=coupon.duration if coupon.frequency == "recurring" else None,
    )
    account.coupons.append(applied)
    return applied
