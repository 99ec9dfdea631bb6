"""What a new customer costs."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from .cuts import ALL, Ledger, Rows
from .periods import LONG_GRAINS, period, start_of
from .rates import rate

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Spend:
    """A row of the input table of sales and marketing spend; no tenant: of the whole build."""

    day: date
    tenant_id: str | None
    currency: str
    amount: Decimal


def cac(ledger: Ledger, arpa: Rows, ltv: Rows, spend: Iterable[Spend]) -> Rows:
    """`metric_cac`: spend of a period over its new customers, and when they have paid it back.

    `overall` has all spend; a tenant's total what names the tenant, and when it is the only one
    what names none. LTV is that of the period's last month, or of the month that runs.
    """
    spent = _spent(ledger, spend)
    new = {
        key: values
        for key, values in arpa.items()
        if key[0] in LONG_GRAINS and key[6] in ("total", "overall")
    }
    rows: Rows = {}
    with_new = [key for key, values in new.items() if values["new_customers"]]
    for key in dict.fromkeys([*spent, *with_new]):
        amount = spent.get(key)
        found = new.get(key, {"new_customers": 0, "new_mrr": Decimal(0), "asp": None})
        per_customer = rate(amount, found["new_customers"])
        margin = ledger.options.gross_margin
        value = ltv.get(_last_month(ledger, key), {"ltv": None})["ltv"]
        rows[key] = {
            "spend": amount,
            "new_customers": found["new_customers"],
            "cac": per_customer,
            "new_mrr": found["new_mrr"],
            "asp": found["asp"],
            "gross_margin": margin,
            "payback_months": rate(per_customer, found["asp"] and found["asp"] * margin),
            "ltv": value,
            "ltv_to_cac": rate(value, per_customer),
        }
    return rows


def _spent(ledger: Ledger, spend: Iterable[Spend]) -> dict[Key, Decimal]:
    books = ledger.books
    tenants = sorted({unit[:2] for unit in books.customers})
    spent: dict[Key, Decimal] = defaultdict(Decimal)
    for row in spend:
        if row.day > ledger.today:
            continue
        groups = [
            (source, tenant, "total", ALL)
            for source, tenant in tenants
            if row.tenant_id == tenant or (row.tenant_id is None and not ledger.is_many)
        ]
        if ledger.is_many:
            groups.append((ALL, ALL, "overall", ALL))
        currency = books.reporting_currency(row.currency)
        for grain in LONG_GRAINS:
            for group in groups:
                key = (*period(grain, row.day, ledger.today).key, *group, currency)
                spent[key] += row.amount * books.multiplier(row.currency, row.day)
    return spent


def _last_month(ledger: Ledger, key: Key) -> Key:
    grain, start, *_ = key
    last = period(grain, start, ledger.today).last
    return (*period("month", start_of("month", last), ledger.today).key, *key[4:])
