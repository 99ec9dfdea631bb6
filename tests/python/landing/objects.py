"""Stripe's objects and events, written by hand, with the fields that matter here.

`old` is the shape of API versions up to acacia, `new` that of basil and later.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]

_numbers = itertools.count(1)


def at(text: str) -> int:
    """An instant in UTC, as Stripe writes it."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def event(kind: str, when: str, subject: Object, **previous: object) -> Object:
    """A webhook's body; `previous` are the values that an update replaced."""
    data = {"object": subject, **({"previous_attributes": previous} if previous else {})}
    return {
        "id": f"evt_{next(_numbers)}",
        "object": "event",
        "type": kind,
        "created": at(when),
        "data": data,
    }


def product(**fields: object) -> Object:
    return {
        "id": "prod_1",
        "object": "product",
        "active": True,
        "created": at("2025-01-01"),
        "livemode": False,
        "metadata": {},
        "name": "Team",
        **fields,
    }


def price(**fields: object) -> Object:
    return {
        "id": "price_1",
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": at("2025-01-01"),
        "currency": "eur",
        "livemode": False,
        "lookup_key": "team_monthly",
        "metadata": {},
        "product": "prod_1",
        "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"},
        "type": "recurring",
        "unit_amount": 2000,
        "unit_amount_decimal": "2000",
        **fields,
    }


def plan(**fields: object) -> Object:
    """The price, as it was called before."""
    return {
        "id": "price_1",
        "object": "plan",
        "active": True,
        "amount": 2000,
        "amount_decimal": "2000",
        "billing_scheme": "per_unit",
        "created": at("2025-01-01"),
        "currency": "eur",
        "interval": "month",
        "interval_count": 1,
        "product": "prod_1",
        "usage_type": "licensed",
        **fields,
    }


def customer(**fields: object) -> Object:
    return {
        "id": "cus_1",
        "object": "customer",
        "address": {"country": "DE"},
        "created": at("2025-01-01"),
        "email": "acme@example.com",
        "livemode": False,
        "metadata": {"segment": "sales"},
        "name": "Acme",
        **fields,
    }


def item(identifier: str = "si_1", **fields: object) -> Object:
    return {
        "id": identifier,
        "object": "subscription_item",
        "created": at("2025-01-15"),
        "metadata": {},
        "price": price(),
        "quantity": 3,
        "subscription": "sub_1",
        **fields,
    }


def old_subscription(*items: Object, **fields: object) -> Object:
    """Periods and one discount on the subscription; one item's price repeated as `plan`."""
    found = list(items or [item()])
    return {
        **_subscription(found),
        "current_period_end": at("2025-02-15"),
        "current_period_start": at("2025-01-15"),
        "discount": {"id": "di_1", "object": "discount", "coupon": coupon()},
        "plan": plan() if len(found) == 1 else None,
        **fields,
    }


def new_subscription(*items: Object, **fields: object) -> Object:
    """Periods on the items, discounts by id."""
    period = {
        "current_period_end": at("2025-02-15"),
        "current_period_start": at("2025-01-15"),
    }
    found = [{**period, **given} for given in items or [item()]]
    return {
        **_subscription(found),
        "billing_mode": {"type": "flexible"},
        "discounts": ["di_1"],
        **fields,
    }


def _subscription(items: list[Object]) -> Object:
    return {
        "id": "sub_1",
        "object": "subscription",
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": at("2025-01-15"),
        "currency": "eur",
        "customer": "cus_1",
        "ended_at": None,
        "items": {"object": "list", "data": items, "has_more": False},
        "latest_invoice": "in_1",
        "livemode": False,
        "metadata": {},
        "pause_collection": None,
        "schedule": None,
        "start_date": at("2025-01-15"),
        "status": "active",
        "trial_end": None,
        "trial_start": None,
    }


def coupon(**fields: object) -> Object:
    return {
        "id": "QUARTER",
        "object": "coupon",
        "created": at("2025-01-01"),
        "duration": "forever",
        "livemode": False,
        "metadata": {},
        "name": "A quarter off",
        "percent_off": 25,
        "valid": True,
        **fields,
    }


def old_line(identifier: str = "il_1", **fields: object) -> Object:
    return {
        **_line(identifier),
        "plan": plan(),
        "price": price(),
        "proration": False,
        "subscription": "sub_1",
        "subscription_item": "si_1",
        "type": "subscription",
        **fields,
    }


def new_line(identifier: str = "il_1", **fields: object) -> Object:
    details = {"proration": False, "subscription": "sub_1", "subscription_item": "si_1"}
    return {
        **_line(identifier),
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": details,
        },
        "pricing": {
            "type": "price_details",
            "price_details": {"price": "price_1", "product": "prod_1"},
            "unit_amount_decimal": "2000",
        },
        "taxes": [],
        **fields,
    }


def _line(identifier: str) -> Object:
    return {
        "id": identifier,
        "object": "line_item",
        "amount": 6000,
        "currency": "eur",
        "discount_amounts": [{"amount": 1500, "discount": "di_1"}],
        "period": {"start": at("2025-01-15"), "end": at("2025-02-15")},
        "quantity": 3,
    }


def old_invoice(*lines: Object, has_more: bool = False, **fields: object) -> Object:
    return {
        **_invoice(list(lines or [old_line()]), has_more),
        "charge": "ch_1",
        "paid": True,
        "payment_intent": "pi_1",
        "subscription": "sub_1",
        "tax": 0,
        "total_tax_amounts": [],
        **fields,
    }


def new_invoice(*lines: Object, has_more: bool = False, **fields: object) -> Object:
    return {
        **_invoice(list(lines or [new_line()]), has_more),
        "parent": {
            "type": "subscription_details",
            "subscription_details": {"subscription": "sub_1"},
        },
        "total_taxes": [],
        **fields,
    }


def _invoice(lines: list[Object], has_more: bool) -> Object:
    return {
        "id": "in_1",
        "object": "invoice",
        "billing_reason": "subscription_create",
        "created": at("2025-01-15"),
        "currency": "eur",
        "customer": "cus_1",
        "lines": {"object": "list", "data": lines, "has_more": has_more},
        "livemode": False,
        "metadata": {},
        "status": "paid",
        "status_transitions": {"finalized_at": at("2025-01-15"), "paid_at": at("2025-01-15")},
        "subtotal": 6000,
        "total": 4500,
        "total_discount_amounts": [{"amount": 1500, "discount": "di_1"}],
    }
