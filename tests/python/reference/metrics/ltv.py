"""Lifetime value of a customer."""

from decimal import Decimal

from .cuts import Ledger, Rows, total
from .periods import add_months
from .rates import rate

RATES = {
    "logo": "logo_churn_rate",
    "gross_mrr": "gross_churn_rate",
    "net_mrr": "net_churn_rate",
}
FEWEST_MONTHS = 3


def ltv(ledger: Ledger, arpa: Rows, churn: Rows) -> Rows:
    """`metric_ltv`: ARPA of a month over the mean monthly churn of the months before it.

    From the columns as shown: the mean is of rates of ten decimals and has ten itself. Months
    without a rate do not count, and fewer than three say nothing.
    """
    column = RATES[ledger.options.ltv_churn]
    monthly = {
        (key[1], *key[4:]): values[column]
        for key, values in churn.items()
        if key[0] == "month" and values[column] is not None
    }
    rows: Rows = {}
    for key, values in arpa.items():
        grain, month = key[:2]
        if grain != "month":
            continue
        months = [add_months(month, -n) for n in range(1, ledger.options.ltv_window_months + 1)]
        rates = [monthly[before, *key[4:]] for before in months if (before, *key[4:]) in monthly]
        churn_rate = rate(total(rates), len(rates))
        rows[key] = {
            "arpa": values["arpa"],
            "gross_margin": ledger.options.gross_margin,
            "churn_rate": churn_rate,
            "months_counted": len(rates),
            "ltv": _ltv(ledger, values["arpa"], churn_rate, len(rates)),
        }
    return rows


def _ltv(
    ledger: Ledger, arpa: Decimal | None, churn_rate: Decimal | None, months: int
) -> Decimal | None:
    """A margin for ever, less by churn each month and worth less by interest."""
    if arpa is None or churn_rate is None or churn_rate <= 0 or months < FEWEST_MONTHS:
        return None
    interest = ledger.options.ltv_discount_rate / 12
    return rate(arpa * ledger.options.gross_margin * (1 + interest), interest + churn_rate)
