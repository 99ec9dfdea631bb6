"""What was used and billed."""

from datetime import timedelta

from reference.surface.facts import UNKNOWN

from .cuts import ZERO, Ledger, Rows
from .periods import GRAINS, period

INSTANT = timedelta(microseconds=1)


def usage_revenue(ledger: Ledger) -> Rows:
    """`metric_usage_revenue`: billed usage by the last day of its service, each line once.

    A line without a service period counts on the day of its invoice, one that is invoiced after
    `as_of` not yet. The rate is that of the day it counts on.
    """
    books = ledger.books
    rows: Rows = {}
    for line in books.lines:
        if line.kind != "usage" or line.invoiced_at > books.as_of:
            continue
        last = line.service_to - INSTANT if line.service_to else line.invoiced_at
        day = books.day(last, line.unit[1])
        values = {
            "plan": line.plan,
            "product": line.product or UNKNOWN,
            "currency": line.currency,
        }
        amount = line.net * ledger.multiplier(line.currency, day)
        currency = books.reporting_currency(line.currency)
        for group in ledger.groups(line.unit, values):
            for grain in GRAINS:
                key = (*period(grain, day, ledger.today).key, *group, currency)
                row = rows.setdefault(key, {"usage_revenue": ZERO, "lines": 0})
                row["usage_revenue"] += amount
                row["lines"] += 1
    return rows
