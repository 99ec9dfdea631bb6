"""What Sigma would hold of a history: the events that change the MRR of a subscription item.

Made of the truth, in whole minor units, each item rounded for itself.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Literal

from tidemill_cli.demo.stripe.catalog import digits

from .truth import Row

Event = dict[str, object]
ZERO = Decimal(0)
IN_A_MONTH = {
    "day": Fraction(365, 12),
    "week": Fraction(52, 12),
    "month": Fraction(1),
    "year": Fraction(1, 12),
}


@dataclass(frozen=True)
class Settings:
    """What a user of Stripe may choose of its MRR; by default what Stripe does by default."""

    discounts: Collection[str] = ("forever",)
    ends: Literal["request", "period"] = "request"


def change_events(
    rows: Iterable[Row], accounts: Mapping[str, str], settings: Settings | None = None
) -> list[Event]:
    """Return the events of every item; `accounts` says whose a customer is."""
    chosen = settings or Settings()
    items: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["valid_from"]):
        items.setdefault(row["item_id"], []).append(row)
    return [event for found in items.values() for event in _of_item(found, accounts, chosen)]


def _of_item(rows: list[Row], accounts: Mapping[str, str], settings: Settings) -> Iterable[Event]:
    """Turn levels into changes: a level lasts to the next one, or to its own end."""
    levels: list[tuple[datetime, int, int, Row]] = []
    for row in rows:
        start, end = row["valid_from"], row["valid_to"]
        if settings.ends == "request" and row["cancel_requested_at"] is not None:
            asked = row["cancel_requested_at"]
            if asked <= start:
                continue
            end = asked if end is None else min(end, asked)
        if levels and levels[-1][0] == start:
            levels.pop()
        level = _minor(row, settings)
        levels.append((start, level, int(row["quantity"]) if level else 0, row))
        if end is not None:
            levels.append((end, 0, 0, row))
    mrr = units = 0
    for when, level, quantity, row in levels:
        if level != mrr:
            yield {
                "_account_id": accounts[row["customer_id"]],
                "event_timestamp": when,
                "event_type": _type(mrr, level),
                "subscription_item_id": row["item_id"],
                "subscription_id": row["subscription_id"],
                "customer_id": row["customer_id"],
                "price_id": row["actual_plan_id"],
                "product_id": row["product"],
                "currency": row["currency"].lower(),
                "mrr_change": level - mrr,
                "quantity_change": quantity - units,
            }
        mrr, units = level, quantity


def _minor(row: Row, settings: Settings) -> int:
    """MRR of an item: none in a trial or while paused, and of what is metered."""
    if row["status"] not in ("active", "past_due") or row["charge_kind"] == "metered":
        return 0
    off = sum((row[f"{kind}_discount"] for kind in settings.discounts), ZERO)
    monthly = Fraction(row["amount"] - off) / row["period_count"] * IN_A_MONTH[row["period_unit"]]
    return floor(monthly * 10 ** digits(row["currency"].lower()) + Fraction(1, 2))


def _type(before: int, after: int) -> str:
    if not before:
        return "ACTIVE_START"
    if not after:
        return "ACTIVE_END"
    return "ACTIVE_UPGRADE" if after > before else "ACTIVE_DOWNGRADE"
