"""Stripe's objects written by hand, in the old and the new shape of the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

Object = dict[str, Any]
Shape = Literal["acacia", "clover"]


def seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())


def price(
    name: str,
    cents: int | None,
    unit: str = "month",
    count: int = 1,
    **facts: Any,  # noqa: ANN401
) -> Object:
    return {
        "id": f"price_{name}",
        "object": "price",
        "currency": "usd",
        "product": "prod_seats",
        "type": "recurring",
        "billing_scheme": "per_unit" if cents is not None else "tiered",
        "unit_amount": cents,
        "unit_amount_decimal": None if cents is None else str(cents),
        "recurring": {"interval": unit, "interval_count": count, "usage_type": "licensed"},
        "nickname": None,
        "lookup_key": None,
        "livemode": True,
        **facts,
    }


def item(
    name: str, of_price: Object, quantity: int, created: str, period_end: str, shape: Shape
) -> Object:
    period = {"current_period_end": seconds(period_end)} if shape == "clover" else {}
    return {
        "id": f"si_{name}",
        "object": "subscription_item",
        "price": of_price,
        "quantity": quantity,
        "created": seconds(created),
        **period,
    }


def line(
    name: str,
    subscription: str,
    item_id: str | None,
    of_price: Object,
    quantity: int,
    amount: int,
    period: tuple[str, str],
    shape: Shape,
    *,
    proration: bool = False,
    discounts: dict[str, int] | None = None,
) -> Object:
    """A line of an invoice; of the new shape the price is an id only."""
    common = {
        "id": f"il_{name}",
        "object": "line_item",
        "amount": amount,
        "currency": "usd",
        "quantity": quantity,
        "period": {"start": seconds(period[0]), "end": seconds(period[1])},
        "discount_amounts": [
            {"amount": cents, "discount": discount} for discount, cents in (discounts or {}).items()
        ],
    }
    if shape == "acacia":
        return {
            **common,
            "type": "invoiceitem" if proration else "subscription",
            "proration": proration,
            "subscription": subscription,
            "subscription_item": item_id,
            "price": of_price,
            "tax_amounts": [],
        }
    kind = "invoice_item_details" if proration else "subscription_item_details"
    details: Object = {"subscription": subscription, "proration": proration}
    if not proration:
        details["subscription_item"] = item_id
    return {
        **common,
        "parent": {"type": kind, kind: details},
        "pricing": {
            "type": "price_details",
            "price_details": {"price": of_price["id"], "product": of_price["product"]},
            "unit_amount_decimal": of_price["unit_amount_decimal"],
        },
        "taxes": [],
    }


def invoice(
    name: str,
    customer: str,
    subscription: str,
    created: str,
    lines: list[Object],
    shape: Shape,
    **facts: Any,  # noqa: ANN401
) -> Object:
    belongs = (
        {"subscription": subscription, "paid": True}
        if shape == "acacia"
        else {
            "parent": {
                "type": "subscription_details",
                "subscription_details": {"subscription": subscription},
            }
        }
    )
    return {
        "id": f"in_{name}",
        "object": "invoice",
        "customer": customer,
        "status": "paid",
        "currency": "usd",
        "created": seconds(created),
        "collection_method": "charge_automatically",
        "attempt_count": 1,
        "status_transitions": {"finalized_at": seconds(created), "paid_at": seconds(created)},
        "lines": {"object": "list", "data": lines, "has_more": False},
        "livemode": True,
        **belongs,
        **facts,
    }


def subscription(
    name: str,
    customer: str,
    items: list[Object],
    started: str,
    shape: Shape,
    **facts: Any,  # noqa: ANN401
) -> Object:
    return {
        "id": f"sub_{name}",
        "object": "subscription",
        "customer": customer,
        "status": "active",
        "currency": "usd",
        "created": seconds(started),
        "start_date": seconds(started),
        "items": {"object": "list", "data": items, "has_more": False},
        "cancel_at_period_end": False,
        "collection_method": "charge_automatically",
        "livemode": True,
        **facts,
    }


MONTHLY = price("month", 2000)
YEARLY = price("year", 20000, "year")


def scenario(name: str, shape: Shape) -> dict[str, list[Object]]:
    """A trial, three seats at a quarter off, five seats, a year, and the end of it halfway."""
    sub, customer, discount = f"sub_{name}", f"cus_{name}", f"di_{name}"
    coupon = {"id": "quarter", "duration": "forever", "percent_off": 25}
    if shape == "acacia":
        listed: Object = {
            "discount": {"id": discount, "coupon": coupon, "start": seconds("2025-01-01")},
            "discounts": [discount],
            "current_period_end": seconds("2026-03-01"),
        }
    else:
        listed = {"discounts": [discount]}
    monthly, yearly = f"si_{name}1", f"si_{name}2"

    def bill(number: int, created: str, *lines: Object) -> Object:
        return invoice(f"{name}{number}", customer, sub, created, list(lines), shape)

    return {
        "customers": [{"id": customer, "object": "customer", "name": name, "created": 1735689600}],
        "subscriptions": [
            subscription(
                name,
                customer,
                [item(f"{name}2", YEARLY, 5, "2025-03-01", "2026-03-01", shape)],
                "2025-01-01",
                shape,
                status="canceled",
                trial_start=seconds("2025-01-01"),
                trial_end=seconds("2025-01-15"),
                canceled_at=seconds("2025-06-15"),
                ended_at=seconds("2025-07-15"),
                cancel_at_period_end=True,
                cancellation_details={"reason": "cancellation_requested"},
                **listed,
            )
        ],
        "invoices": [
            bill(
                1,
                "2025-01-01",
                line(
                    f"{name}1", sub, monthly, MONTHLY, 3, 0, ("2025-01-01", "2025-01-15"), shape
                ),
            ),
            bill(
                2,
                "2025-01-15",
                line(
                    f"{name}2", sub, monthly, MONTHLY, 3, 6000, ("2025-01-15", "2025-02-15"),
                    shape, discounts={discount: 1500},
                ),
            ),
            bill(
                3,
                "2025-02-15",
                line(
                    f"{name}3", sub, monthly, MONTHLY, 5, 3387, ("2025-02-01", "2025-02-15"),
                    shape, proration=True,
                ),
                line(
                    f"{name}4", sub, monthly, MONTHLY, 3, -2032, ("2025-02-01", "2025-02-15"),
                    shape, proration=True,
                ),
                line(
                    f"{name}5", sub, monthly, MONTHLY, 5, 10000, ("2025-02-15", "2025-03-15"),
                    shape, discounts={discount: 2500},
                ),
            ),
            bill(
                4,
                "2025-03-01",
                line(
                    f"{name}6", sub, monthly, MONTHLY, 5, -3750, ("2025-03-01", "2025-03-15"),
                    shape, proration=True,
                ),
                line(
                    f"{name}7", sub, yearly, YEARLY, 5, 100000, ("2025-03-01", "2026-03-01"),
                    shape, discounts={discount: 25000},
                ),
            ),
        ],
    }  # fmt: skip
