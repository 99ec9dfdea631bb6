"""Coupons: when they hold, what they apply to, how they are shared over items (rules E)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from .items import Item
from .rows import (
    Row,
    Tables,
    by_id,
    exclusive_end,
    grouped,
    instant,
    major,
    maybe_instant,
    maybe_text,
    number,
    round_ten,
    text,
)

KINDS = {0: "once", 1: "repeating", 2: "forever"}
ONCE, RECURRING = 0, 1
PERCENTAGE = 1
FINALIZED = 1


@dataclass(frozen=True)
class Coupon:
    """One coupon on one customer, in force in [start, end)."""

    id: str
    kind: str
    start: datetime
    end: datetime | None
    created_at: datetime
    percentage: Decimal | None
    amount: Decimal
    currency: str | None
    is_limited_to_metrics: bool
    plan_ids: frozenset[str] | None

    def holds_at(self, moment: datetime) -> bool:
        """Whether the coupon is in force at an instant."""
        return self.start <= moment and (self.end is None or moment < self.end)

    def applies_to(self, item: Item) -> bool:
        """Whether the coupon lowers an item's price."""
        if item.status != "active" or self.is_limited_to_metrics:
            return False
        if self.plan_ids is not None and not self.plan_ids & {item.plan_id, item.plan_root_id}:
            return False
        return self.percentage is not None or item.currency == self.currency

    def order(self) -> tuple[bool, datetime, str]:
        """Coupons limited to plans come first, then the oldest."""
        return self.plan_ids is None, self.created_at, self.id


def read_coupons(raw: Tables) -> dict[str, list[Coupon]]:
    """The coupons of each customer, in the order in which they apply."""
    definitions = by_id(raw.get("coupons", ()))
    invoices = by_id(raw.get("invoices", ()))
    periods = grouped(raw.get("invoice_subscriptions", ()), lambda r: text(r["invoice_id"]))
    targets = grouped(
        (t for t in raw.get("coupon_targets", ()) if t.get("deleted_at") is None and t["plan_id"]),
        lambda row: text(row["coupon_id"]),
    )
    uses = grouped(
        (c for c in raw.get("credits", ()) if c["applied_coupon_id"] and c["invoice_id"]),
        lambda row: text(row["applied_coupon_id"]),
    )
    result: dict[str, list[Coupon]] = {}
    for applied in raw.get("applied_coupons", ()):
        used_on = [
            invoices[invoice_id]
            for invoice_id in {text(credit["invoice_id"]) for credit in uses[text(applied["id"])]}
            if invoice_id in invoices and invoices[invoice_id]["status"] == FINALIZED
        ]
        start, end = _window(applied, used_on, periods)
        if end is not None and end <= start:
            continue
        definition = definitions[text(applied["coupon_id"])]
        is_percentage = definition["coupon_type"] == PERCENTAGE
        currency = maybe_text(applied["amount_currency"])
        plan_ids = frozenset(text(t["plan_id"]) for t in targets[text(definition["id"])])
        coupon = Coupon(
            id=text(applied["id"]),
            kind=KINDS[applied["frequency"]],
            start=start,
            end=end,
            created_at=instant(applied["created_at"]),
            percentage=number(applied["percentage_rate"]) if is_percentage else None,
            amount=major(number(applied["amount_cents"]), currency or ""),
            currency=currency,
            is_limited_to_metrics=bool(definition.get("limited_billable_metrics")),
            plan_ids=plan_ids if definition.get("limited_plans") else None,
        )
        result.setdefault(text(applied["customer_id"]), []).append(coupon)
    for coupons in result.values():
        coupons.sort(key=Coupon.order)
    return result


def _window(
    applied: Row, used_on: list[Row], periods: dict[str, list[Row]]
) -> tuple[datetime, datetime | None]:
    """From the day it was given to the end of what it paid for, or to its termination."""
    start, end = instant(applied["created_at"]), None
    froms: list[datetime] = []
    ends: list[datetime] = []
    for invoice in used_on:
        rows = periods.get(text(invoice["id"]), [])
        froms += [instant(row["from_datetime"]) for row in rows if row["from_datetime"]]
        covered = [exclusive_end(instant(r["to_datetime"])) for r in rows if r["to_datetime"]]
        ends += covered or [instant(invoice["created_at"])]
    if applied["frequency"] == ONCE and froms:
        start = max(start, min(froms))
    if applied["status"] == 1:
        end = maybe_instant(applied["terminated_at"])
        used_up = applied["frequency"] == ONCE or (
            applied["frequency"] == RECURRING and applied["frequency_duration_remaining"] == 0
        )
        if used_up and ends:
            end = max(ends) if end is None else max(end, max(ends))
    return start, end


def discounts_at(
    items: list[Item], coupons: list[Coupon], moment: datetime
) -> list[dict[str, Decimal]]:
    """What is taken off each item per period, by kind of coupon, in the order of the items."""
    left = [item.amount for item in items]
    taken: list[dict[str, Decimal]] = [{} for _ in items]
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, item in enumerate(items):
        groups.setdefault((item.currency, item.period, item.anchor), []).append(index)
    for coupon in coupons:
        if not coupon.holds_at(moment):
            continue
        for indexes in groups.values():
            eligible = [index for index in indexes if coupon.applies_to(items[index])]
            base = sum((left[index] for index in eligible), Decimal(0))
            if base <= 0:
                continue
            total = min(coupon.amount, base)
            for index in eligible:
                if coupon.percentage is not None:
                    share = round_ten(left[index] * coupon.percentage / 100)
                else:
                    share = round_ten(total * left[index] / base)
                share = min(share, left[index])
                left[index] -= share
                taken[index][coupon.kind] = taken[index].get(coupon.kind, Decimal(0)) + share
    return taken
