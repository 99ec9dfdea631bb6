"""What a subscription owes for a period: base fee, fixed charges, minimum commitment."""

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from tidemill_cli.demo.lago.account import Account, Fee, Subscription
from tidemill_cli.demo.lago.catalog import PlanCharge
from tidemill_cli.demo.lago.clock import MILLISECOND, Window, iso
from tidemill_cli.demo.lago.invoicing import Draft
from tidemill_cli.demo.lago.pricing import round_half_up
from tidemill_cli.demo.lago.schema import subunits

USAGE, SUBSCRIPTION, COMMITMENT, FIXED_CHARGE = "0", "2", "4", "5"

_PRECISE = Decimal("0.000000000000001")


@lru_cache(maxsize=100_000)
def _properties(starts: int, ends: int, usage_starts: int, usage_ends: int, when: int) -> str:
    return (
        f'{{"timestamp": "{iso(when)}", "from_datetime": "{iso(starts)}",'
        f' "to_datetime": "{iso(ends)}", "charges_from_datetime": "{iso(usage_starts)}",'
        f' "charges_to_datetime": "{iso(usage_ends)}"}}'
    )


@lru_cache(maxsize=100_000)
def _fixed_charge_properties(starts: int, ends: int, when: int) -> str:
    starts_text, ends_text = iso(starts), iso(ends)
    return (
        f'{{"timestamp": "{iso(when)}", "from_datetime": "{starts_text}",'
        f' "to_datetime": "{ends_text}", "fixed_charges_from_datetime": "{starts_text}",'
        f' "fixed_charges_to_datetime": "{ends_text}"}}'
    )


@lru_cache(maxsize=100_000)
def _prorate(price: int, days: int, of: int) -> tuple[int, str]:
    """Return a price for part of a period: whole minor units, and exactly as text."""
    if days == of:
        return price, str(price)
    precise = Decimal(price * days) / Decimal(of)
    return round_half_up(precise), str(precise.quantize(_PRECISE, ROUND_HALF_UP))


def subscription_fee(
    account: Account,
    subscription: Subscription,
    window: Window,
    usage: Window,
    draft: Draft,
    when: int,
) -> None:
    """Add the base fee for a window at the plan's price of now; days in trial are free."""
    plan = subscription.plan
    first = window.first
    trial_end = account.trial_end(subscription) if plan.trial_days else None
    if trial_end is not None:
        if trial_end > window.ends:
            return
        first = max(first, account.zone.day(trial_end))
    if window.last <= first:
        return
    price = plan.price.at(when)
    amount, precise = _prorate(price, window.last - first, window.period.days)
    fee = Fee(
        subscription,
        SUBSCRIPTION,
        amount,
        _properties(window.starts, window.ends, usage.starts, usage.ends, when),
        precise,
        details=f'{{"plan_amount_cents": {price}}}',
        unit_amount=amount,
        precise_unit=precise,
        source=("Subscription", subscription.id),
    )
    draft.fees.append(fee)
    if plan.pay_in_advance:
        fee.period, fee.first_day, fee.price = window.period, first, price
    subscription.period_total += amount


def fixed_charge_fees(
    account: Account,
    subscription: Subscription,
    window: Window,
    draft: Draft,
    when: int,
    *,
    in_advance: bool,
) -> None:
    """Add fees of the plan's fixed charges billed in advance, or of those billed in arrears."""
    plan = subscription.plan
    for charge in plan.charges:
        if charge.spec.pay_in_advance is not in_advance:
            continue
        units = subscription.units_at(charge.spec.code, when if in_advance else window.ends)
        if charge.spec.prorated:
            share = _prorated(subscription, charge, window, units, when, in_advance=in_advance)
        else:
            share = charge.price.at(when).total(units)
        add_fixed_charge_fee(subscription, charge, units, share, window, draft, when)


def _prorated(
    subscription: Subscription,
    charge: PlanCharge,
    window: Window,
    units: Decimal,
    when: int,
    *,
    in_advance: bool,
) -> Decimal:
    price, days = charge.price.at(when), Decimal(window.period.days)
    if in_advance:
        return price.total(units) * (window.last - window.first) / days
    # In arrears every day counts with the quantity it ended with.
    midnight = window.period.calendar.zone.midnight
    total = Decimal(0)
    code = charge.spec.code
    for day in range(window.first, window.last):
        total += price.total(subscription.units_at(code, midnight(day + 1) - 1))
    return total / days


def add_fixed_charge_fee(
    subscription: Subscription,
    charge: PlanCharge,
    units: Decimal,
    price: Decimal,
    window: Window,
    draft: Draft,
    when: int,
) -> None:
    """Add one fixed charge fee of an amount in major units."""
    subunit = subunits()[draft.currency]
    precise = price * subunit
    amount = round_half_up(precise)
    unit = (price / units) if units else Decimal(0)
    draft.fees.append(
        Fee(
            subscription,
            FIXED_CHARGE,
            amount,
            _fixed_charge_properties(window.starts, window.ends, when),
            str(precise.quantize(_PRECISE, ROUND_HALF_UP)),
            units=str(units),
            unit_amount=round_half_up(unit * subunit),
            precise_unit=str(unit.quantize(_PRECISE, ROUND_HALF_UP)),
            source=("FixedCharge", charge.id),
            fixed_charge_id=charge.id,
        )
    )
    subscription.period_total += amount


def usage_fees(subscription: Subscription, window: Window, draft: Draft, when: int) -> None:
    """Add what was used in a window that is over; nothing used is a fee too."""
    subunit = subunits()[draft.currency]
    for charge in subscription.plan.usage:
        units = subscription.used_in(charge.spec.code, window.starts, window.ends + MILLISECOND)
        if charge.spec.typical:
            units += _typical(subscription.id, charge.spec.typical, window)
        unit_price = Decimal(charge.spec.amount) * subunit
        precise = units * unit_price
        amount = round_half_up(precise)
        draft.fees.append(
            Fee(
                subscription,
                USAGE,
                amount,
                _properties(window.starts, window.ends, window.starts, window.ends, when),
                str(precise.quantize(_PRECISE, ROUND_HALF_UP)),
                units=str(units),
                unit_amount=round_half_up(unit_price),
                precise_unit=str(charge.spec.amount),
                source=("Charge", charge.id),
                charge_id=charge.id,
            )
        )
        subscription.period_total += amount


def _typical(subscription_id: str, units_a_day: int, window: Window) -> int:
    """Return what a subscription uses in a window: nothing now and then, else up to double."""
    # The id is random already: no further draw, so that usage does not shift a history.
    draw = (
        (int(subscription_id[-6:], 16) + window.first * 7919) * 2654435761 % (1 << 32) / (1 << 32)
    )
    days = window.last - window.first
    return 0 if draw < 0.05 else int(2 * units_a_day * days * draw)


def commitment_fee(subscription: Subscription, window: Window, draft: Draft, when: int) -> None:
    """Add the true-up of a period that stayed below the plan's minimum commitment."""
    if subscription.plan.commitment is None:
        return
    commitment_id, minimum = subscription.plan.commitment
    committed, _ = _prorate(minimum, window.last - window.first, window.period.days)
    missing = committed - subscription.period_total
    if missing <= 0:
        return
    draft.fees.append(
        Fee(
            subscription,
            COMMITMENT,
            missing,
            _properties(window.starts, window.ends, window.starts, window.ends, when),
            str(missing),
            unit_amount=missing,
            precise_unit=str(missing),
            source=("Commitment", commitment_id),
        )
    )


def start_fees(
    account: Account,
    subscription: Subscription,
    draft: Draft,
    when: int,
    *,
    after_trial: bool = False,
) -> None:
    """Add what is paid in advance when a subscription starts; after a trial, the base fee only."""
    period = subscription.period
    if period is None:
        return
    before = len(draft.fees)
    window = period.window(subscription.first_day, period.last)
    reason = "in_advance_charge"
    if subscription.plan.pay_in_advance and not account.in_trial(subscription, when):
        subscription_fee(account, subscription, window, window, draft, when)
        reason = "subscription_starting"
    if not after_trial:
        fixed = subscription.fixed_period or period
        fixed_window = fixed.window(subscription.first_day, fixed.last)
        fixed_charge_fees(account, subscription, fixed_window, draft, when, in_advance=True)
    if len(draft.fees) > before:
        draft.parts.append((subscription, reason, window, window))


def final_fees(
    account: Account, subscription: Subscription, last_day: int, draft: Draft, when: int
) -> None:
    """Add what is still owed when a subscription ends, before a local day."""
    period = subscription.period
    if period is None:
        return
    window = period.window(subscription.first_day, last_day)
    if window.last <= window.first:
        return
    before = len(draft.fees)
    if not subscription.plan.pay_in_advance:
        subscription_fee(account, subscription, window, window, draft, when)
    fixed = subscription.fixed_period or period
    fixed_window = fixed.window(subscription.first_day, last_day)
    if fixed_window.last > fixed_window.first:
        fixed_charge_fees(account, subscription, fixed_window, draft, when, in_advance=False)
        usage_fees(subscription, fixed_window, draft, when)
    commitment_fee(subscription, window, draft, when)
    if len(draft.fees) > before:
        draft.parts.append((subscription, "subscription_terminating", window, window))


def periodic_fees(account: Account, subscription: Subscription, draft: Draft, when: int) -> None:
    """Add what a billing day brings, and move the subscription into its new period."""
    past = subscription.period
    if past is None:
        return
    rolls = past.following.run_at <= when
    first_day = subscription.first_day
    usage_period = subscription.fixed_period or past
    past_window = past_usage = past.window(first_day, past.last)
    if usage_period is not past:
        past_usage = usage_period.window(first_day, usage_period.last)
    window = past_window
    before = len(draft.fees)
    plan = subscription.plan
    if rolls and not plan.pay_in_advance:
        subscription_fee(account, subscription, past_window, past_usage, draft, when)
    if plan.charges:
        fixed_charge_fees(account, subscription, past_usage, draft, when, in_advance=False)
    if plan.usage:
        usage_fees(subscription, past_usage, draft, when)
    if rolls:
        if plan.commitment is not None:
            commitment_fee(subscription, past_window, draft, when)
        subscription.period_total = 0
        subscription.period = past.following
        if plan.pay_in_advance:
            window = past.following.window(first_day, past.following.last)
            if not plan.trial_days or not account.in_trial(subscription, when):
                subscription_fee(account, subscription, window, past_usage, draft, when)
    if subscription.fixed_period:
        subscription.fixed_period = subscription.fixed_period.following
    if plan.charges:
        current = subscription.fixed_period or subscription.period or past
        ahead = current.window(first_day, current.last)
        fixed_charge_fees(account, subscription, ahead, draft, when, in_advance=True)
    if len(draft.fees) > before:
        draft.parts.append((subscription, "subscription_periodic", window, past_usage))
