"""MRR, ARR, the waterfall and its reasons, by place."""

from collections.abc import Callable

from .cuts import ZERO, Cut, Ledger, Rows, Values, total
from .periods import GRAINS, Period, period

TYPES = ("new", "expansion", "contraction", "churn", "reactivation", "discount", "transfer")
LOSSES = ("contraction", "churn")


def mrr(ledger: Ledger) -> Rows:
    """`metric_mrr`: what is paid at the end of a period, where anything is."""

    def values(cut: Cut, period: Period) -> Values | None:
        native = total(
            amount
            for unit in cut.paying(period.last)
            for amount in cut.native(unit, period.last).values()
        )
        return {"mrr": cut.total_shown(period.last), "native_mrr": native} if native else None

    return _by_place(ledger, values)


def arr(ledger: Ledger, mrr: Rows) -> Rows:
    """`metric_arr`: twelve times MRR; of plans of whole years only, if so chosen."""
    interval = -2
    return {
        key: {"arr_run_rate": 12 * values["mrr"]}
        for key, values in mrr.items()
        if ledger.options.arr_scope == "all"
        or key[interval] == "year"
        or key[interval].endswith(" years")
    }


def waterfall(ledger: Ledger) -> Rows:
    """`metric_mrr_waterfall`: from one level to the next; what no movement explains is fx."""

    def values(cut: Cut, period: Period) -> Values | None:
        if not cut.is_there(period):
            return None
        opening, closing = cut.total_shown(period.before), cut.total_shown(period.last)
        moved = dict.fromkeys(TYPES, ZERO)
        for movement in cut.between(period):
            moved[movement.type] += movement.reporting_amount
        steps = {f"{kind}_mrr": -moved[kind] if kind in LOSSES else moved[kind] for kind in TYPES}
        return {
            "opening_mrr": opening,
            **steps,
            "fx_mrr": closing - opening - total(moved.values()),
            "closing_mrr": closing,
            "net_new_mrr": total(moved[kind] for kind in TYPES if kind != "transfer"),
        }

    return _by_place(ledger, values)


def reasons(ledger: Ledger) -> Rows:
    """`metric_mrr_reasons`: the movements of a period by type and reason, signed.

    A type and reason whose movements add up to 0 has its row too.
    """
    rows: Rows = {}
    for cut in ledger.places:
        for movement in cut.movements:
            for grain in GRAINS:
                within = period(grain, movement.day, ledger.today).key
                key = (*within, *cut.key, movement.type, movement.reason)
                row = rows.setdefault(key, {"amount": ZERO})
                row["amount"] += movement.reporting_amount
    return rows


def _by_place(ledger: Ledger, values: Callable[[Cut, Period], Values | None]) -> Rows:
    return {
        (*period.key, *cut.key): found
        for cut in ledger.places
        for grain in GRAINS
        for period, found in cut.each_period(grain, values)
    }
