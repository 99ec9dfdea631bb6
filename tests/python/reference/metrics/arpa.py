"""Means over customers, the quick ratio and the plan mix."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from reference.surface.books import Movement, Place

from .cuts import ANY, Cut, Ledger, Rows, Values, total
from .periods import GRAINS, Period
from .rates import rate


def arpa(ledger: Ledger) -> Rows:
    """`metric_arpa`: what a customer pays at the end of a period, and what a new one brought."""

    def values(cut: Cut, period: Period) -> Values | None:
        if not cut.is_there(period):
            return None
        new = [m for m in cut.between(period) if m.type == "new"]
        mrr, customers = cut.total_shown(period.last), len(cut.paying(period.last))
        new_mrr, new_customers = total(m.reporting_amount for m in new), len({m.unit for m in new})
        return {
            "mrr": mrr,
            "customers": customers,
            "arpa": rate(mrr, customers),
            "new_mrr": new_mrr,
            "new_customers": new_customers,
            "asp": rate(new_mrr, new_customers),
        }

    return {
        (*period.key, *cut.key): found
        for cut in ledger.slices
        for grain in GRAINS
        for period, found in cut.each_period(grain, values)
    }


def quick_ratio(ledger: Ledger) -> Rows:
    """`metric_quick_ratio`: what was gained over what was lost, at the rates of the movements.

    Discount rows count as expansion or contraction by the sign of their sum of a day and place.
    """
    with_reactivation = ledger.options.quick_ratio_reactivation

    def values(cut: Cut, period: Period) -> Values | None:
        if not cut.is_there(period):
            return None
        moved = _moved(cut.between(period))
        gained = moved["new"] + moved["expansion"]
        if with_reactivation:
            gained += moved["reactivation"]
        lost = -moved["churn"] - moved["contraction"]
        return {
            "new_mrr": moved["new"],
            "expansion_mrr": moved["expansion"],
            "reactivation_mrr": moved["reactivation"],
            "contraction_mrr": -moved["contraction"],
            "churn_mrr": -moved["churn"],
            "gained_mrr": gained,
            "lost_mrr": lost,
            "quick_ratio": rate(gained, lost),
        }

    return {
        (*period.key, *cut.key): found
        for cut in ledger.slices
        for grain in GRAINS
        for period, found in cut.each_period(grain, values)
    }


def _moved(movements: list[Movement]) -> dict[str, Decimal]:
    """The sum of each type."""
    moved: dict[str, Decimal] = defaultdict(Decimal)
    discounts: dict[tuple[date, str, str, Place], Decimal] = defaultdict(Decimal)
    for movement in movements:
        if movement.type == "discount":
            discounts[movement.day, *movement.unit[:2], movement.place] += movement.reporting_amount
        else:
            moved[movement.type] += movement.reporting_amount
    for amount in discounts.values():
        moved["expansion" if amount > 0 else "contraction"] += amount
    return moved


def plan_mix(ledger: Ledger) -> Rows:
    """`metric_plan_mix`: each plan's part of MRR and of customers at the end of a period."""
    rows: Rows = {}
    for whole in ledger.slices_and_any:
        source, tenant, dimension, _ = whole.group
        if dimension != "total":
            continue
        plans = [
            cut
            for cut in ledger.slices_and_any
            if cut.group[:3] == (source, tenant, "plan") and cut.currency == whole.currency
        ]

        def values(whole: Cut, period: Period, plans: list[Cut] = plans) -> Values:
            return {c.group[3]: _part(c, whole, period) for c in plans if c.paying(period.last)}

        for grain in GRAINS:
            for period, found in whole.each_period(grain, values):
                for plan, part in found.items():
                    rows[(*period.key, source, tenant, plan, whole.currency)] = part
    return rows


def _part(cut: Cut, whole: Cut, period: Period) -> Values:
    customers, all_customers = len(cut.paying(period.last)), len(whole.paying(period.last))
    is_any = cut.currency == ANY
    mrr = None if is_any else cut.total_shown(period.last)
    total_mrr = None if is_any else whole.total_shown(period.last)
    return {
        "mrr": mrr,
        "total_mrr": total_mrr,
        "mrr_share": rate(mrr, total_mrr),
        "customers": customers,
        "total_customers": all_customers,
        "customer_share": rate(customers, all_customers),
    }
