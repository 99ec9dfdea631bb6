"""Lago histories of the reference as surface rows, so that every option can be computed on them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from reference.coupons import discounts_at
from reference.lago import Customer

CHARGE_KINDS = {"base": "licensed", "fixed_charge": "licensed", "commitment": "commitment"}


def surface_of(customers: Iterable[Customer]) -> dict[str, list[dict[str, Any]]]:
    """Customers and their intervals: what is in force between one instant and the next."""
    surface: dict[str, list[dict[str, Any]]] = {"customers": [], "subscription_intervals": []}
    for customer in customers:
        unit = {
            "billing_source": "lago",
            "tenant_id": customer.tenant_id,
            "customer_id": customer.id,
        }
        surface["customers"].append({**unit, "country": customer.current_country})
        intervals: list[dict[str, Any]] = []
        moments = sorted(customer.instants())
        for moment, following in zip(moments, [*moments[1:], None], strict=True):
            for facts in _facts_at(customer, moment):
                # What goes on unchanged is one interval.
                for interval in intervals:
                    if interval["valid_to"] == moment and facts.items() <= interval.items():
                        interval["valid_to"] = following
                        break
                else:
                    intervals.append({**unit, **facts, "valid_from": moment, "valid_to": following})
        surface["subscription_intervals"] += intervals
    return surface


def _facts_at(customer: Customer, moment: datetime) -> list[dict[str, Any]]:
    """The facts of every item alive at an instant."""
    alive = [
        (priced.segment, item)
        for priced in customer.segments
        if priced.segment.covers(moment)
        for item in priced.items_at(moment)
    ]
    discounts = discounts_at([item for _, item in alive], customer.coupons, moment)
    return [
        {
            "subscription_id": segment.chain_id,
            "item_id": item.id,
            "status": item.status,
            "charge_kind": CHARGE_KINDS[item.kind],
            "plan": item.plan,
            "product": item.product,
            "quantity": item.quantity,
            "amount": item.amount,
            "period_unit": item.period[0],
            "period_count": item.period[1],
            "once_discount": discount.get("once"),
            "repeating_discount": discount.get("repeating"),
            "forever_discount": discount.get("forever"),
            "currency": item.currency,
            "country": customer.country_at(moment),
            "source_table": "subscriptions",
            "source_row_id": segment.id,
        }
        for (segment, item), discount in zip(alive, discounts, strict=True)
    ]
