"""MRR as it will be by what is already known."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from reference.surface.books import ItemState, Unit
from reference.surface.ends import in_effect

from .cuts import DIMENSIONS, ZERO, Group, Ledger, Rows, Values

CHANGES = ("scheduled_increase", "scheduled_decrease", "scheduled_cancellations")


def committed_mrr(ledger: Ledger) -> Rows:
    """`metric_committed_mrr`: items in force now and at each horizon, at today's rates.

    Item by item: one that is in force at neither or whose trial runs now adds nothing; one that is
    gone by the horizon is cancelled; any other changes by what it changes in the slice. What
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
            for item_id in now.keys() | then.keys():
                before = _amounts(ledger, unit, now.get(item_id))
                after = _amounts(ledger, unit, then.get(item_id))
                for name in before.keys() | after.keys():
                    row = found[name]
                    paid, will_pay = before.get(name, ZERO), after.get(name, ZERO)
                    row["mrr"] += paid
                    if item_id in trialing and item_id not in now:
                        row["trial_mrr"] += will_pay
                    elif item_id not in then:
                        row["scheduled_cancellations"] += paid
                    else:
                        row["scheduled_increase"] += max(will_pay - paid, ZERO)
                        row["scheduled_decrease"] += max(paid - will_pay, ZERO)
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


def _amounts(
    ledger: Ledger, unit: Unit, item: ItemState | None
) -> dict[tuple[Group, str], Decimal]:
    """An item's MRR in every slice that it lies in, at today's rate."""
    if item is None:
        return {}
    currency = item.place.currency
    amount = item.mrr * ledger.multiplier(currency, ledger.today)
    values = {name: getattr(item.place, name) for name in DIMENSIONS}
    reported_in = ledger.books.reporting_currency(currency)
    return {(group, reported_in): amount for group in ledger.groups(unit, values)}
