"""How much of MRR hangs on how few customers."""

from .cuts import Cut, Ledger, Rows, Values, total
from .periods import LONG_GRAINS, Period
from .rates import rate

TOPS = (1, 5, 10)


def concentration(ledger: Ledger) -> Rows:
    """`metric_concentration`: the greatest customers' parts, and the sum of all squared parts."""

    def values(cut: Cut, period: Period) -> Values | None:
        paid = sorted((cut.shown(u, period.last) for u in cut.paying(period.last)), reverse=True)
        if not paid:
            return None
        mrr = total(paid)
        tops = {n: total(paid[:n]) for n in TOPS}
        return {
            "customers": len(paid),
            "mrr": mrr,
            **{f"top_{n}_mrr": tops[n] for n in TOPS},
            **{f"top_{n}_share": rate(tops[n], mrr) for n in TOPS},
            "hhi": rate(total(amount**2 for amount in paid), mrr**2),
        }

    return {
        (*period.key, *cut.key): found
        for cut in ledger.slices
        for grain in LONG_GRAINS
        for period, found in cut.each_period(grain, values)
    }
