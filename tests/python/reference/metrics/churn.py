"""Logo and revenue churn."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from reference.surface.books import Movement, Unit

from .customers import Event, paying_events
from .cuts import ANY, ZERO, Cut, Ledger, Rows, Values, total
from .periods import GRAINS, Period
from .periods import period as period_of
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


def churn_customers(ledger: Ledger) -> Rows:
    """`metric_churn_customers`: whom the totals speak of, one by one.

    Whatever the currency there is a row of those only who left and whose family has several.
    """
    currencies: dict[Unit, set[str]] = defaultdict(set)
    for movement in ledger.books.movements:
        currencies[_family(ledger, movement.unit)].add(movement.reporting_currency)
    rows: Rows = {}
    for cut in [*ledger.slices, *ledger.whole_slices]:
        if cut.group[2] != "total":
            continue
        moved: dict[Unit, set[date]] = defaultdict(set)
        for movement in cut.movements:
            moved[movement.unit].add(movement.day)
        for unit, days in moved.items():
            if cut.currency == ANY and len(currencies[_family(ledger, unit)]) == 1:
                continue
            for grain in GRAINS:
                for one in {period_of(grain, day, ledger.today) for day in days}:
                    found = _of_customer(cut, unit, one)
                    if found["is_churned"] or any(found[name] for name in AMOUNTS[1:5]):
                        rows[(*one.key, *unit, cut.currency)] = found
    return rows


def _family(ledger: Ledger, unit: Unit) -> Unit:
    parent = ledger.books.customers[unit].parent_customer_id
    if ledger.options.retention_level == "parent" and parent:
        return (*unit[:2], parent)
    return unit


def _of_customer(cut: Cut, unit: Unit, period: Period) -> Values:
    is_churned = cut.pays(unit, period.before) and _has_left(cut, unit, period)
    flag = is_voluntary(cut, unit, period.start, period.last) if is_churned else None
    values: Values = {
        "is_churned": is_churned,
        "is_voluntary": flag is True,
        "is_involuntary": flag is False,
        **dict.fromkeys(("opening_mrr", "closing_mrr", *AMOUNTS[1:5])),
    }
    if cut.currency != ANY:
        by_state = cut.ledger.options.revenue_churn == "cohort_end_state"
        amounts = _state_of(cut, unit, period) if by_state else _movements_of(cut, unit, period)
        values |= {name: amounts[name] for name in AMOUNTS[1:5]}
        values["opening_mrr"] = cut.mrr(unit, period.before, period.before)
        values["closing_mrr"] = cut.mrr(unit, period.last, period.before)
    return values


def _has_left(cut: Cut, unit: Unit, period: Period) -> bool:
    """Whether who paid before counts as gone, by the state at the end or on any day."""
    is_any_exit = cut.ledger.options.churn_method == "cohort_any_exit"
    days = period.days() if is_any_exit else [period.last]
    return not all(cut.pays(unit, day) for day in days)


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
        churned = [unit for unit in opening if _has_left(cut, unit, period)]
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
    """From the states before and at the end."""
    return _added_up(_state_of(cut, unit, period) for unit in cut.balances)


def _state_of(cut: Cut, unit: Unit, period: Period) -> Values:
    """What one customer lost and gained.

    Reactivation is what one pays who did not on the day before the period, but on some day before.
    """
    found = _no_amounts()
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
    return _added_up(_movements_of(cut, unit, period) for unit in cut.paying(period.before))


def _movements_of(cut: Cut, unit: Unit, period: Period) -> Values:
    found = _no_amounts()
    if not cut.pays(unit, period.before):
        return found
    for movement in cut.between(period):
        if movement.unit != unit:
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


def _added_up(parts: Iterable[Values]) -> Values:
    found = _no_amounts()
    for part in parts:
        found = {name: amount + part[name] for name, amount in found.items()}
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
