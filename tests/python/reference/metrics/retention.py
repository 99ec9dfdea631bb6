"""Net and gross retention over windows of months."""

from collections import defaultdict

from reference.surface.books import Unit

from .cuts import ANY, Cut, Ledger, Rows, Values, total
from .periods import ONE_DAY, Period, add_months, periods
from .rates import rate

AMOUNTS = ("opening_mrr", "retained_mrr", "closing_mrr", "nrr", "grr")


def retention(ledger: Ledger) -> Rows:
    """`metric_retention`: who paid on the day before the window, and what they pay at its end.

    The row's period is the last month of the window. All amounts at the rates of the day before.
    """
    rows: Rows = {}
    for cut in ledger.slices_and_any:
        members: dict[Unit, list[Unit]] = defaultdict(list)
        for unit in cut.balances:
            members[_level(ledger, unit)].append(unit)
        for period in periods("month", ledger.first_day, ledger.today):
            for months in ledger.options.retention_window_months:
                found = _values(cut, members, period, months)
                if found is not None:
                    rows[(*period.key, *cut.key, months)] = found
    return rows


def _level(ledger: Ledger, unit: Unit) -> Unit:
    """Whose money it is: the customer's, or its parent's where it has one."""
    parent = ledger.books.customers[unit].parent_customer_id
    by_parent = ledger.options.retention_level == "parent" and parent is not None
    return (*unit[:2], str(parent)) if by_parent else unit


def _values(
    cut: Cut, members: dict[Unit, list[Unit]], period: Period, months: int
) -> Values | None:
    start = add_months(period.start, 1 - months)
    before = start - ONE_DAY
    opening = [units for units in members.values() if any(cut.pays(u, before) for u in units)]
    if not opening:
        return None
    retained = [units for units in opening if any(cut.pays(u, period.last) for u in units)]
    counts = {
        "window_start": start,
        "opening_customers": len(opening),
        "retained_customers": len(retained),
        "customer_retention": rate(len(retained), len(opening)),
    }
    if cut.currency == ANY:
        return {**counts, **dict.fromkeys(AMOUNTS)}
    balances = [
        (
            total(cut.mrr(unit, before, before) for unit in units),
            total(cut.mrr(unit, period.last, before) for unit in units),
        )
        for units in opening
    ]
    opening_mrr = total(first for first, _ in balances)
    retained_mrr = total(min(first, last) for first, last in balances)
    closing_mrr = total(last for _, last in balances)
    return {
        **counts,
        "opening_mrr": opening_mrr,
        "retained_mrr": retained_mrr,
        "closing_mrr": closing_mrr,
        "nrr": rate(closing_mrr, opening_mrr),
        "grr": rate(retained_mrr, opening_mrr),
    }
