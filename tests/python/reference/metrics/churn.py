"""Logo and revenue churn."""

from collections.abc import Iterable
from datetime import date, timedelta

from reference.surface.books import Movement, Unit

from .customers import Event, paying_events
from .cuts import ANY, ZERO, Cut, Ledger, Rows, Values, total
from .periods import GRAINS, Period
from .rates import rate

WINDOW = 30
AMOUNTS = (
    *("opening_mrr", "churned_mrr", "contraction_mrr", "expansion_mrr", "reactivation_mrr"),
    *("voluntary_mrr", "involuntary_mrr", "gross_churned_mrr", "net_churned_mrr"),
    *("gross_churn_rate", "net_churn_rate", "churned_mrr_rate"),
)


def churn(ledger: Ledger) -> Rows:
    """`metric_churn`: of those who paid at the end of the day before the period, who left."""
    look_back = WINDOW if ledger.options.churn_method in ("stripe_30d", "rolling_30d") else 0
    rows: Rows = {}
    for cut in ledger.slices_and_any:
        going = paying_events(cut)

        def values(cut: Cut, period: Period, going: list[Event] = going) -> Values | None:
            if not cut.is_there(period):
                return None
            return {**_logos(cut, period, going), **_revenue(cut, period)}

        for grain in GRAINS:
            for period, found in cut.each_period(grain, values, look_back):
                rows[(*period.key, *cut.key)] = found
    return rows


def _logos(cut: Cut, period: Period, going: list[Event]) -> Values:
    opening = cut.paying(period.before)
    method = cut.ledger.options.churn_method
    if method in ("stripe_30d", "rolling_30d"):
        before = period.last - timedelta(days=WINDOW)
        events = [event for event in going if before < event.day <= period.last]
        lost = [event for event in events if event.kind == "lost"]
        flags = [is_voluntary(cut, event.unit, event.day, event.day) for event in lost]
        denominator = len(cut.paying(before))
        if method == "stripe_30d":
            denominator += len(events) - len(lost)
    else:
        ends = [period.last] if method == "cohort_end_state" else list(period.days())
        churned = [u for u in opening if not all(cut.pays(u, day) for day in ends)]
        flags = [is_voluntary(cut, unit, period.start, period.last) for unit in churned]
        denominator = len(opening)
    return {
        "opening_customers": len(opening),
        "churned_customers": len(flags),
        "logo_churn_rate": rate(len(flags), denominator),
        "voluntary_customers": flags.count(True),
        "involuntary_customers": flags.count(False),
        "logo_churn_denominator": denominator,
    }


def _revenue(cut: Cut, period: Period) -> Values:
    """Amounts at the rates of the day before the period; none where currencies would mix."""
    if cut.currency == ANY:
        return dict.fromkeys(AMOUNTS)
    options = cut.ledger.options
    opening = total(cut.mrr(u, period.before, period.before) for u in cut.paying(period.before))
    by_state = options.revenue_churn == "cohort_end_state"
    amounts = _by_state(cut, period) if by_state else _by_movements(cut, period)
    gross = amounts["churned_mrr"] + amounts["contraction_mrr"]
    net = gross - amounts["expansion_mrr"]
    if options.net_includes_reactivation:
        net -= amounts["reactivation_mrr"]
    return {
        "opening_mrr": opening,
        **amounts,
        "gross_churned_mrr": gross,
        "net_churned_mrr": net,
        "gross_churn_rate": rate(gross, opening),
        "net_churn_rate": rate(net, opening),
        "churned_mrr_rate": rate(amounts["churned_mrr"], opening),
    }


def _by_state(cut: Cut, period: Period) -> Values:
    """From the states before and at the end.

    Reactivation is what those pay who did not on the day before the period, but on some day before.
    """
    found = _no_amounts()
    for unit in cut.balances:
        before = cut.mrr(unit, period.before, period.before)
        after = cut.mrr(unit, period.last, period.before)
        if before and not after:
            found["churned_mrr"] += before
            flag = is_voluntary(cut, unit, period.start, period.last)
            if flag is not None:
                found["voluntary_mrr" if flag else "involuntary_mrr"] += before
        elif before > after:
            found["contraction_mrr"] += before - after
        elif before:
            found["expansion_mrr"] += after - before
        elif after and cut.balances[unit].days[0] < period.start:
            found["reactivation_mrr"] += after
    return found


def _by_movements(cut: Cut, period: Period) -> Values:
    """From the movements of those who paid before; discount rows count by their sign."""
    found = _no_amounts()
    opening = set(cut.paying(period.before))
    for movement in cut.between(period):
        if movement.unit not in opening:
            continue
        amount = movement.amount * cut.ledger.multiplier(movement.place.currency, period.before)
        kind = movement.type
        if kind == "discount":
            kind = "expansion" if amount > 0 else "contraction"
        if kind == "churn":
            found["churned_mrr"] -= amount
            if movement.is_voluntary is not None:
                flag = "voluntary_mrr" if movement.is_voluntary else "involuntary_mrr"
                found[flag] -= amount
        elif kind == "contraction":
            found["contraction_mrr"] -= amount
        elif kind in ("expansion", "reactivation"):
            found[f"{kind}_mrr"] += amount
    return found


def _no_amounts() -> Values:
    return dict.fromkeys(AMOUNTS[1:7], ZERO)


def is_voluntary(cut: Cut, unit: Unit, first: date, last: date) -> bool | None:
    """Whether a customer left of its own will: what its last churn rows of these days say.

    The rows are those of the cut on the last day that has any; of several, all must have been
    voluntary. None when none of them knows.
    """
    churned = [
        m for m in cut.movements if m.unit == unit and m.type == "churn" and first <= m.day <= last
    ]
    return _all_known(m for m in churned if m.day == max(other.day for other in churned))


def _all_known(movements: Iterable[Movement]) -> bool | None:
    flags = [m.is_voluntary for m in movements if m.is_voluntary is not None]
    return all(flags) if flags else None
