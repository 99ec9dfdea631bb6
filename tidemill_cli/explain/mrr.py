"""How a customer's MRR at the end of a day comes about, and whose MRR there is at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

from tidemill_cli.console import counted
from tidemill_cli.database.evidence import Evidence, Found, Whose
from tidemill_cli.explain.billing import billing_step
from tidemill_cli.explain.explanation import Check, Explanation, Rules, Step, amount

_ITEM_RULES = (
    *("mrr_discounts", "mrr_start_at", "mrr_past_due", "mrr_paused", "mrr_usage"),
    *("mrr_commitments", "mrr_tax", "week_factor", "churn_date", "refunds"),
)
_LEDGER_RULES = ("netting", "reporting_timezone", "tenant_timezones")
_TEN_DIGITS = Decimal("1e-10")
_WEEKS = {"52/12": Decimal(52), "4.33": Decimal("51.96"), "4": Decimal(48)}
_PERIODS_A_YEAR = {"day": Decimal(365), "month": Decimal(12), "year": Decimal(1)}
_NOTHING = Decimal(0)


def explain_customer(evidence: Evidence, whose: Whose, day: date) -> Explanation:
    """Items, what each is worth a month, and the ledger that they must add up to."""
    rules = Rules(evidence.options())
    items = evidence.items(whose, day)
    balances = evidence.balances(whose, day)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for item in items:
        sums[item["currency"]] += item["mrr"]
    ledger = {row["currency"]: row for row in balances if row["mrr"] or row["currency"] in sums}
    worth = " + ".join(amount(mrr, currency) for currency, mrr in sorted(sums.items())) or "nothing"
    steps = [
        Step(
            "Items, and what each is worth a month",
            [line for item in items for line in _item_lines(item, rules)] or ["There are none."],
            items,
            rules.named(*_ITEM_RULES),
            [check for item in items for check in _item_checks(item, rules)],
        ),
        Step(
            "The ledger says the same",
            [
                f"{counted(row['movements'], 'movement')} in {currency} up to {row['last_date']}: "
                f"{amount(row['mrr'], currency)}."
                for currency, row in ledger.items()
            ]
            or ["There is no movement."],
            list(ledger.values()),
            rules.named(*_LEDGER_RULES),
            [
                Check(
                    f"items and movements in {currency}",
                    sums.get(currency, _NOTHING),
                    ledger[currency]["mrr"] if currency in ledger else _NOTHING,
                    currency,
                )
                for currency in sorted({*sums, *ledger})
            ],
        ),
        *_conversion(evidence, rules, ledger, day),
        *billing_step(evidence, whose["billing_source"], [item["source_row"] for item in items]),
    ]
    return Explanation(
        f"MRR of customer {whose['customer_id']} at the end of {day}: {worth}", steps
    )


def explain_total(evidence: Evidence, whose: Whose, day: date, limit: int) -> Explanation:
    """Whose MRR it is, the largest first, and that it is the published number."""
    rules = Rules(evidence.options())
    customers = evidence.largest(whose, day, limit)
    levels = {row["currency"]: row for row in evidence.levels(whose, day)}
    lines: list[str] = []
    checks: list[Check] = []
    for currency in sorted({*levels, *(row["currency"] for row in customers)}):
        mine = [row for row in customers if row["currency"] == currency]
        total = mine[0]["total_mrr"] if mine else _NOTHING
        number = mine[0]["customers"] if mine else 0
        lines += [
            f"{row['customer_id']}  {amount(row['mrr'], currency)} in "
            f"{counted(row['items'], 'item')}"
            for row in mine
        ]
        if number > len(mine):
            rest = total - sum((row["mrr"] for row in mine), _NOTHING)
            lines.append(f"{number - len(mine):,} others  {amount(rest, currency)}")
        published = levels[currency]["native_mrr"] if currency in levels else _NOTHING
        checks.append(
            Check(
                f"items of {counted(number, 'customer')} and metric_mrr", total, published, currency
            )
        )
    worth = " + ".join(amount(row["native_mrr"], name) for name, row in levels.items())
    return Explanation(
        f"MRR at the end of {day}: {worth or 'nothing'}",
        [
            Step(
                "Customers, the largest first",
                lines or ["There are none."],
                customers,
                rules.named(*_LEDGER_RULES),
                checks,
            )
        ],
    )


def _conversion(
    evidence: Evidence, rules: Rules, ledger: dict[str, Found], day: date
) -> Iterable[Step]:
    """What it is in the reporting currency, where that is another one."""
    converted = {
        currency: row for currency, row in ledger.items() if row["reporting_currency"] != currency
    }
    if not converted:
        return
    keeps_start_rate = rules["fx_mode"] == "at_start"
    rates = evidence.rates(day)
    lines = []
    for currency, row in converted.items():
        reporting = row["reporting_currency"]
        if keeps_start_rate:
            value = amount(row["reporting_mrr"], reporting)
            lines.append(f"{amount(row['mrr'], currency)} at the rates it began with = {value}")
        elif currency in rates:
            value = amount(row["mrr"] * rates[currency], reporting)
            rate = f"{rates[currency].normalize():f}"
            lines.append(f"{amount(row['mrr'], currency)} x {rate} = {value}")
    yield Step("In the reporting currency", lines, (), rules.named("reporting_currency", "fx_mode"))


def _item_lines(item: Found, rules: Rules) -> list[str]:
    quantity = f"{item['quantity'].normalize():f} x " if item["quantity"] != 1 else ""
    name = f"{quantity}{item['product']}"
    if item["product"] != item["plan"]:
        name += f" of plan {item['plan']}"
    return [
        f"{name}, item {item['item_id']}, so since {item['changed_at']:%Y-%m-%d %H:%M} "
        f"({item['source_row']})",
        f"    {_arithmetic(item, rules)}",
    ]


def _arithmetic(item: Found, rules: Rules) -> str:
    currency = item["currency"]
    if item["is_usage"]:
        return f"billed usage, {amount(item['mrr'], currency)} a month"
    if item["is_paused"]:
        return f"paused, and so {amount(item['mrr'], currency)}"
    words = f"{amount(item['amount'], currency)} per {_period(item)}"
    if item["counted_discount"]:
        words += f" less {amount(item['counted_discount'], currency)} of discounts"
    words += _PERIODS_A_MONTH[item["period_unit"]].format(rules["week_factor"])
    if item["period_count"] > 1:
        words += f" / {item['period_count']}"
    tax = _tax_factor(item, rules)
    if tax != 1:
        words += f", with taxes of {((tax - 1) * 100).normalize():f} %"
    return f"{words} = {amount(item['mrr'], currency)} a month"


_PERIODS_A_MONTH = {"day": " x 365/12", "week": " x {}", "month": "", "year": " / 12"}


def _period(item: Found) -> str:
    count = item["period_count"]
    return item["period_unit"] if count == 1 else f"{count} {item['period_unit']}s"


def _item_checks(item: Found, rules: Rules) -> Sequence[Check]:
    """The same arithmetic once more, to ten digits."""
    if item["is_usage"] or item["is_paused"]:
        return []
    paid = max(item["amount"] - item["counted_discount"], _NOTHING)
    expected = _monthly(paid * _tax_factor(item, rules), item, rules)
    return [Check(f"item {item['item_id']}", expected, item["mrr"], item["currency"])]


def _monthly(value: Decimal, item: Found, rules: Rules) -> Decimal:
    a_year = {**_PERIODS_A_YEAR, "week": _WEEKS[rules["week_factor"]]}[item["period_unit"]]
    with localcontext(prec=60):
        exact: Decimal = value * a_year / (12 * item["period_count"])
        return exact.quantize(_TEN_DIGITS, rounding=ROUND_HALF_UP)


def _tax_factor(item: Found, rules: Rules) -> Decimal:
    """What taxes multiply the price by, as far as the monthly price before discounts tells."""
    if rules["mrr_tax"] != "include" or not item["amount"]:
        return Decimal(1)
    with localcontext(prec=60):
        factor: Decimal = item["list_mrr"] / _monthly(item["amount"], item, rules)
        return factor.quantize(Decimal("1e-6"))
