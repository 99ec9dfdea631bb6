"""Customers who pay: who came, who returned, who left."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from reference.surface.books import Unit

from .cuts import TOTALS, Cut, Ledger, Rows
from .periods import GRAINS, periods


@dataclass(frozen=True)
class Event:
    """A customer that begins (`new`, later `returned`) or stops (`lost`) to be one on a day."""

    day: date
    kind: str
    unit: Unit


def events(unit: Unit, states: Iterable[tuple[date, bool]]) -> list[Event]:
    """What happens to a customer, by whether it is one at the end of each day."""
    found: list[Event] = []
    was_one = False
    for day, is_one in states:
        if is_one != was_one:
            kind = "lost" if was_one else "returned" if found else "new"
            found.append(Event(day, kind, unit))
            was_one = not was_one
    return found


def paying_events(cut: Cut) -> list[Event]:
    """Who began and who stopped to pay in a cut."""
    return [
        event
        for unit, balance in cut.balances.items()
        for event in events(unit, [(day, cut.pays(unit, day)) for day in balance.days])
    ]


def customers(ledger: Ledger) -> Rows:
    """`metric_customers`: whatever they pay in.

    A customer that `paid_to_free: contraction` keeps is one in the slices of all its money (total,
    source, overall), and only in this metric. The subscriptions are those with MRR in the slice.
    """
    rows: Rows = {}
    for cut in ledger.whole_slices:
        found = _kept_events(cut) if _keeps(cut) else paying_events(cut)
        found.sort(key=lambda event: event.day)
        days = [event.day for event in found]
        subscriptions: dict[int, int] = {}
        for grain in GRAINS:
            customers = 0
            for period in periods(grain, ledger.first_day, ledger.today):
                within = found[bisect_right(days, period.before) : bisect_right(days, period.last)]
                if not customers and not within:
                    continue
                opening = customers
                counts = {kind: 0 for kind in ("new", "returned", "lost")}
                for event in within:
                    counts[event.kind] += 1
                customers += counts["new"] + counts["returned"] - counts["lost"]
                epoch = cut.epoch(period.last)
                if epoch not in subscriptions:
                    subscriptions[epoch] = _subscriptions(cut, period.last)
                rows[(*period.key, *cut.group)] = {
                    "opening_customers": opening,
                    **{f"{kind}_customers": count for kind, count in counts.items()},
                    "customers": customers,
                    "subscriptions": subscriptions[epoch],
                }
    return rows


def _subscriptions(cut: Cut, day: date) -> int:
    """How many subscriptions have an item with MRR in a cut at the end of a day."""
    return sum(
        len(
            {
                item.subscription_id
                for item in cut.ledger.states(unit, day)
                if item.mrr > 0 and cut.holds(item.place)
            }
        )
        for unit in cut.paying(day)
    )


def _keeps(cut: Cut) -> bool:
    return cut.ledger.options.paid_to_free == "contraction" and cut.group[2] in TOTALS


def _kept_events(cut: Cut) -> list[Event]:
    """Who began and who stopped to be a customer, paying or kept since a day of paying."""
    ledger = cut.ledger
    found = []
    for unit in cut.balances:
        states = []
        is_one = False
        for day in sorted({window.day for window in ledger.windows(unit)}):
            is_one = cut.pays(unit, day) or (is_one and ledger.books.is_kept(unit, day))
            states.append((day, is_one))
        found += events(unit, states)
    return found
