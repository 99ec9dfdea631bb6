"""Who is behind the churn of a period."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from tidemill_cli.database.evidence import Evidence, Found, Whose
from tidemill_cli.explain.explanation import Check, Explanation, Rules, Step, amount

_RULES = ("churn_method", "revenue_churn", "churn_date", "net_includes_reactivation", "netting")
_BY_DAYS = ("stripe_30d", "rolling_30d")
_AMOUNTS = ("churned_mrr", "contraction_mrr", "expansion_mrr", "reactivation_mrr")
_ANY = "any"
_NOTHING = Decimal(0)


def explain_churn(
    evidence: Evidence, whose: Whose, grain: str, first: date, stop: date, limit: int
) -> Explanation:
    """The customers who left or pay less, and that they add up to the published rates."""
    rules = Rules(evidence.options())
    totals = evidence.churn(whose, grain, first)
    customers = evidence.churn_customers(whose, grain, first)
    by_currency: dict[str, list[Found]] = defaultdict(list)
    for row in customers:
        by_currency[row["reporting_currency"]].append(row)
    counts_by_days = rules["churn_method"] in _BY_DAYS
    steps = []
    for total in totals:
        currency = total["reporting_currency"]
        if currency == _ANY:
            continue
        mine = by_currency[currency]
        movements = _movements(evidence, whose, mine, first, stop, limit)
        lines = [_line(row, currency, movements) for row in mine[:limit]]
        if len(mine) > limit:
            lines.append(f"and {len(mine) - limit:,} more")
        checks = [
            Check(name, sum((row[name] for row in mine), _NOTHING), total[name], currency)
            for name in _AMOUNTS
        ]
        if not counts_by_days:
            here = Decimal(sum(row["is_churned"] for row in mine))
            checks.insert(0, Check("customers who churned", here, total["churned_customers"], None))
        steps.append(
            Step(
                f"{currency}: {total['churned_customers']:,} of "
                f"{total['logo_churn_denominator']:,} customers, {_lost(total, currency)}",
                lines or ["Nobody left or pays less."],
                mine,
                rules.named(*_RULES),
                checks,
            )
        )
    if counts_by_days:
        steps.append(
            Step(
                "Customers are counted by another rule",
                [
                    f"By churn_method {rules['churn_method']} who left within the 30 days that end "
                    "with the period counts; the customers above are by its two ends."
                ],
            )
        )
    return Explanation(f"Churn of the {grain} that begins on {first}", steps)


def _lost(total: Found, currency: str) -> str:
    lost = total["churned_mrr"] + total["contraction_mrr"]
    return f"{amount(lost, currency)} lost of {amount(total['opening_mrr'], currency)}"


def _movements(
    evidence: Evidence, whose: Whose, rows: list[Found], first: date, stop: date, limit: int
) -> dict[tuple[str, ...], list[str]]:
    """The ids of the churn movements of those who are listed."""
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in rows[:limit]:
        names = ("billing_source", "tenant_id", "customer_id")
        unit = {name: row[name] for name in names}
        found[tuple(unit.values())] = [
            one["movement_id"]
            for one in evidence.movements({**whose, **unit}, first, stop)
            if one["movement_type"] == "churn"
        ]
    return found


def _line(row: Found, currency: str, movements: dict[tuple[str, ...], list[str]]) -> str:
    unit = (row["billing_source"], row["tenant_id"], row["customer_id"])
    change = f"{amount(row['opening_mrr'], currency)} -> {amount(row['closing_mrr'], currency)}"
    words = f"{row['customer_id']}  {change}"
    if row["is_churned"]:
        why = {(True, False): ", wanted", (False, True): ", not wanted"}
        words += f", churned{why.get((row['is_voluntary'], row['is_involuntary']), '')}"
    ids = movements.get(unit, [])
    return f"{words}  ({', '.join(ids)})" if ids else words
