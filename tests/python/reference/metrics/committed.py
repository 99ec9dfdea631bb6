"""MRR as it will be by what is already known."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from reference.surface.books import ItemState, Unit
from reference.surface.ends import in_effect

from .cuts import DIMENSIONS, ZERO, Group, Ledger, Rows, Values

CHANGES = ("scheduled_increase", "scheduled_decrease", "scheduled_cancellations")


def committed_mrr(ledger: Ledger) -> Rows:
    """`metric_committed_mrr`: subscriptions now and at each horizon, at today's rates.

    Subscription by subscription, without the items whose trial runs now: one that has nothing in
    force at the horizon is cancelled; any other changes by what it changes in the slice. What
    running trials would add is apart. Slices without any amount have no row.
    """
    books = ledger.books
    rows: Rows = {}
    for days in ledger.options.committed_horizons:
        horizon = books.as_of + timedelta(days=days)
        found: dict[tuple[Group, str], Values] = defaultdict(_nothing)
        for unit in books.units():
            trialing = _trialing(ledger, unit)
            now = {s.item_id: s for s in books.states(unit, books.as_of)}
            then = {s.item_id: s for s in books.states(unit, horizon)}
            trials = {item_id for item_id in trialing if item_id not in now}
            for item_id in trials & then.keys():
                for name, amount in _amounts(ledger, unit, [then[item_id]]).items():
                    found[name]["trial_mrr"] += amount
            before = _by_subscription(now.values())
            after = _by_subscription(s for s in then.values() if s.item_id not in trials)
            for subscription in before.keys() | after.keys():
                paid = _amounts(ledger, unit, before.get(subscription, ()))
                will_pay = _amounts(ledger, unit, after.get(subscription, ()))
                for name in paid.keys() | will_pay.keys():
                    row = found[name]
                    row["mrr"] += paid.get(name, ZERO)
                    change = will_pay.get(name, ZERO) - paid.get(name, ZERO)
                    if subscription not in after:
                        row["scheduled_cancellations"] -= change
                    else:
                        row["scheduled_increase"] += max(change, ZERO)
                        row["scheduled_decrease"] += max(-change, ZERO)
        for (group, currency), row in found.items():
            if any(row.values()):
                key = (ledger.today, days, ledger.today + timedelta(days=days), *group, currency)
                gained = row["scheduled_increase"]
                lost = row["scheduled_decrease"] + row["scheduled_cancellations"]
                rows[key] = {**row, "committed_mrr": row["mrr"] + gained - lost}
    return rows


def _nothing() -> Values:
    return dict.fromkeys(("mrr", *CHANGES, "trial_mrr"), ZERO)


def _trialing(ledger: Ledger, unit: Unit) -> set[str]:
    """The items that are in a trial now."""
    now = ledger.books.as_of
    own = [interval for interval in ledger.books.intervals if interval.unit == unit]
    return {
        interval.item_id
        for interval in in_effect(own, ledger.options, now)
        if interval.status == "trialing"
        and interval.valid_from <= now
        and (interval.valid_to is None or now < interval.valid_to)
    }


def _by_subscription(items: Iterable[ItemState]) -> dict[str, list[ItemState]]:
    found: dict[str, list[ItemState]] = defaultdict(list)
    for item in items:
        found[item.subscription_id].append(item)
    return found


def _amounts(
    ledger: Ledger, unit: Unit, items: Iterable[ItemState]
) -> dict[tuple[Group, str], Decimal]:
    """The items' MRR in every slice that they lie in, at today's rate."""
    found: dict[tuple[Group, str], Decimal] = defaultdict(Decimal)
    for item in items:
        currency = item.place.currency
        amount = item.mrr * ledger.multiplier(currency, ledger.today)
        values = {name: getattr(item.place, name) for name in DIMENSIONS}
        reported_in = ledger.books.reporting_currency(currency)
        for group in ledger.groups(unit, values):
            found[group, reported_in] += amount
    return found
