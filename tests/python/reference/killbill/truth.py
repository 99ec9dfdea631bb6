"""What subscriptions cost over time, by the definitions, from what was asked for."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tidemill_cli.demo.killbill.catalog import Phase, Plan

from .told import Choice, Subscription, Told, lasting, within

Row = dict[str, Any]

# Unit and count of a billing period.
PERIODS = {
    "WEEKLY": ("week", 1),
    "BIWEEKLY": ("week", 2),
    "THIRTY_DAYS": ("day", 30),
    "MONTHLY": ("month", 1),
    "QUARTERLY": ("month", 3),
    "BIANNUAL": ("month", 6),
    "ANNUAL": ("year", 1),
}
NOTHING = Decimal(0)


def subscription_intervals(told: Told, until: datetime) -> list[Row]:
    """Return the intervals of all subscriptions, those that have begun by an instant."""
    rows: list[Row] = []
    for subscription in told.subscriptions:
        rows += _rows(subscription, told, until)
    return rows


def _rows(subscription: Subscription, told: Told, until: datetime) -> list[Row]:
    end, facts_of_end = _end(subscription, told, until)
    rows: list[Row] = []
    cuts = sorted(
        {
            at
            for at in _cuts(subscription, told)
            if subscription.start <= at and (end is None or at < end)
        }
    )
    edges: list[datetime | None] = [*cuts, end]
    for start, stop in pairwise(edges):
        if start is None or start >= until:
            continue
        row = {**_facts(subscription, told, start), **facts_of_end}
        if rows and row.items() <= rows[-1].items():
            rows[-1]["valid_to"] = stop
        else:
            rows.append({**row, "valid_from": start, "valid_to": stop})
    return rows


def _cuts(subscription: Subscription, told: Told) -> list[datetime]:
    """Every instant at which something may change."""
    bundle, account = subscription.bundle, subscription.bundle.account
    spans = [*bundle.pauses, *account.debts]
    spans += [span for stops in account.stops.values() for span in stops]
    found = [one.at for one in subscription.choices]
    found += [at for at, _ in subscription.quantities]
    found += [at for at, _ in account.countries]
    found += [edge for span in spans for edge in span if edge is not None]
    found += told.turns()
    for choice in subscription.choices:
        plan = told.plan(choice.plan, choice.at, choice.at)
        found += _phases(plan, subscription.aligned_at)[0]
        found += _phases(plan, subscription.start)[0]
        if subscription.counted_from is not None:
            found += _phases(plan, subscription.counted_from)[0]
    return [*found, *filter(None, [subscription.trial_until])]


def _end(subscription: Subscription, told: Told, until: datetime) -> tuple[datetime | None, Row]:
    """When it ends, and what is said of that."""
    asked, kind = subscription.end, None
    choices = [c for c in subscription.choices if asked is None or c.at < asked.billing_at]
    for one, following in pairwise([*choices, None]):
        assert one is not None
        _, expiry = _phases(told.plan(one.plan, one.at, one.at), subscription.aligned_at)
        is_reached = following is None or (expiry is not None and expiry < following.at)
        if expiry is not None and is_reached and (asked is None or expiry < asked.billing_at):
            kind, expires_at = "expired", expiry
    end = expires_at if kind else (asked.billing_at if asked else None)
    base = subscription.base
    if base is not None and base.end is not None and (end is None or base.end.billing_at < end):
        asked, end, kind = base.end, base.end.billing_at, None
    moved = subscription.bundle.moved
    if moved is not None and (end is None or moved[0] <= end):
        return moved[0], _said(None, None, None, None)
    if end is None:
        return None, _said(None, None, None, None)
    if kind:
        return end, _said(end if end > until else None, None, end, kind)
    assert asked is not None
    access = asked.access_at
    if asked is not subscription.end:
        # An add-on has no bills later than access, nor access later than bills.
        access = min(access, end, *([subscription.end.access_at] if subscription.end else []))
    later = max(end, access)
    return end, _said(later if end > until else None, asked.asked_at, access, None)


def _said(
    scheduled: datetime | None,
    asked: datetime | None,
    effective: datetime | None,
    reason: str | None,
) -> Row:
    return {
        "scheduled_end_at": scheduled,
        "cancel_requested_at": asked,
        "cancel_effective_at": effective,
        "cancel_reason": reason,
        "is_voluntary_cancel": None,
    }


def _facts(subscription: Subscription, told: Told, at: datetime) -> Row:
    choice, quantity = subscription.choice(at), subscription.quantity(at)
    plan = told.plan(choice.plan, at, choice.at)
    number = _phase_at(plan, subscription, at)
    account, owner = subscription.bundle.account, subscription.bundle.owner
    phase = plan.phases[number]
    amount, discount, period = _money(plan, number, choice, account.currency)
    countries = [country for since, country in account.countries if since <= at]
    is_metered = phase.usage is not None and phase.period is None
    return {
        "billing_source": "killbill",
        "customer_id": owner.id,
        "subscription_id": subscription.id,
        "item_id": subscription.id,
        "status": _status(subscription, phase, at),
        "charge_kind": "metered" if is_metered else "licensed",
        "plan": choice.plan,
        "actual_plan_id": choice.name,
        "product": plan.product,
        "quantity": Decimal(quantity),
        "amount": amount * quantity,
        "repeating_discount": discount * quantity,
        "once_discount": NOTHING,
        "forever_discount": NOTHING,
        "period_unit": period[0],
        "period_count": period[1],
        "currency": account.currency,
        "country": countries[-1] or "unknown",
    }


def _money(
    plan: Plan, number: int, choice: Choice, currency: str
) -> tuple[Decimal, Decimal, tuple[str, int]]:
    """Price of a unit for a period, the discount in it, and the period.

    A trial has the price of what follows it.
    """
    charged = number
    if plan.phases[number].type == "TRIAL":
        charged = next(i for i, p in enumerate(plan.phases) if i >= number and p.type != "TRIAL")
    phase = plan.phases[charged]
    price = _price(plan, charged, choice, currency)
    if price is None or phase.period is None:
        return NOTHING, NOTHING, ("month", 1)
    last = plan.phases[-1]
    listed = price
    if phase.type == "DISCOUNT" and (last.type, last.period) == ("EVERGREEN", phase.period):
        listed = max(price, _price(plan, len(plan.phases) - 1, choice, currency) or NOTHING)
    return listed, listed - price, PERIODS[phase.period]


def _price(plan: Plan, number: int, choice: Choice, currency: str) -> Decimal | None:
    if choice.own_price is not None and number == len(plan.phases) - 1:
        return choice.own_price
    return plan.phases[number].price(currency)


def _status(subscription: Subscription, phase: Phase, at: datetime) -> str:
    bundle, account = subscription.bundle, subscription.bundle.account
    if phase.type == "TRIAL":
        return "trialing"
    if within(lasting(bundle.pauses), at):
        return "paused"
    if any(within(lasting(spans), at) for spans in account.stops.values()):
        return "paused"
    return "past_due" if within(account.debts, at) else "active"


def _phase_at(plan: Plan, subscription: Subscription, at: datetime) -> int:
    aligned_at, moved = subscription.aligned_at, subscription.trial_until
    if moved is not None and moved <= at and subscription.choice(at) is subscription.choices[0]:
        # What follows the trial has begun, and no other trial.
        starts, _ = _phases(plan, subscription.start)
        return max(1, *(number for number, start in enumerate(starts) if start <= at))
    if subscription.counted_from is not None and subscription.choice(at) is subscription.choices[0]:
        aligned_at = subscription.counted_from
    starts, _ = _phases(plan, aligned_at)
    return max(number for number, start in enumerate(starts) if start <= at)


def _phases(plan: Plan, aligned_at: datetime) -> tuple[list[datetime], datetime | None]:
    """When the phases of a plan begin, and when the last one is over."""
    starts, at = [], aligned_at
    for phase in plan.phases:
        starts.append(at)
        if phase.unit == "UNLIMITED":
            return starts, None
        at = _after(at, phase)
    return starts, at


def _after(at: datetime, phase: Phase) -> datetime:
    if phase.unit == "DAYS":
        return at + timedelta(days=phase.number)
    assert phase.unit == "MONTHS"
    month = at.month - 1 + phase.number
    year, month = at.year + month // 12, month % 12 + 1
    for day in (at.day, 30, 29, 28):
        try:
            return at.replace(year=year, month=month, day=min(day, at.day))
        except ValueError:
            continue
    raise AssertionError(at)


def trials(told: Told, until: datetime) -> list[Row]:
    """Return the trials that have begun by an instant.

    One that was moved in the middle goes on where it was moved to, and began where it was.
    """
    rows = []
    for subscription in told.subscriptions:
        row = _trial(subscription, told, until)
        if row is not None and row["started_at"] < until:
            rows.append(row)
    return rows


def _trial(subscription: Subscription, told: Told, until: datetime) -> Row | None:
    end, _ = _end(subscription, told, until)
    choices = [one for one in subscription.choices if end is None or one.at < end]
    if not choices:
        # It never came to be.
        return None
    planned, over = None, None
    for choice, following in zip(choices, [*choices[1:], None], strict=True):
        plan = told.plan(choice.plan, choice.at, choice.at)
        trial_end = _phases(plan, subscription.aligned_at)[0][1:][:1]
        if choice is subscription.choices[0] and subscription.trial_until is not None:
            trial_end = [subscription.trial_until]
        if plan.phases[0].type != "TRIAL" or trial_end[0] <= choice.at:
            over = choice.at
            break
        planned, over = trial_end[0], trial_end[0]
        if following is None or planned <= following.at:
            break
    if planned is None or over is None:
        return None
    is_cut = end is not None and end <= over
    moved = subscription.bundle.moved
    if is_cut and moved is not None and moved[0] == end:
        return None
    return {
        "customer_id": subscription.bundle.owner.id,
        "subscription_id": subscription.id,
        "plan": choices[0].plan,
        "started_at": min(subscription.start, subscription.aligned_at),
        "ends_at": planned if is_cut else over,
        "cancelled_at": end if is_cut else None,
    }
