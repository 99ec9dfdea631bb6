"""Render the simulator's model as Stripe's objects, in the shape of an API version.

`acacia` stands for every version up to 2025-02-24, `clover` for those from 2025-09-30 on: periods
on items, `parent` and `pricing` on lines, taxes and discounts by reference, no charge on invoices.
"""

from decimal import Decimal
from typing import Any, Literal

from tidemill_cli.demo.stripe.catalog import Account, Coupon, Price, Product
from tidemill_cli.demo.stripe.model import (
    Customer,
    Discount,
    Item,
    Phase,
    Schedule,
    Subscription,
)

Shape = Literal["acacia", "clover"]
Doc = dict[str, Any]

VERSIONS: dict[Shape, str] = {"acacia": "2025-02-24.acacia", "clover": "2025-09-30.clover"}


def account(made: Account) -> Doc:
    """Render an account."""
    return {
        "id": made.id,
        "object": "account",
        "business_profile": {"name": made.name},
        "country": made.country,
        "created": made.created,
        "default_currency": made.currency,
        "type": "standard",
    }


def product(made: Product) -> Doc:
    """Render a product."""
    return {
        "id": made.id,
        "object": "product",
        "active": not made.deleted,
        "created": made.created,
        "description": None,
        "images": [],
        "livemode": made.livemode,
        "metadata": {},
        "name": made.name,
        "type": "service",
        "updated": made.updated,
    }


def price(made: Price, shape: Shape) -> Doc:
    """Render a price; its tiers and other currencies come only when somebody expands them."""
    if shape not in made.rendered:
        made.rendered[shape] = _price(made, shape)
    return made.rendered[shape]


def plan(made: Price, shape: Shape) -> Doc:
    """Render a price as the plan of the same id."""
    key = f"{shape} plan"
    if key not in made.rendered:
        made.rendered[key] = _plan(made, shape)
    return made.rendered[key]


def _price(made: Price, shape: Shape) -> Doc:
    recurring: Doc = {
        "interval": made.interval,
        "interval_count": made.count,
        "meter": None,
        "trial_period_days": None,
        "usage_type": "metered" if made.metered else "licensed",
    }
    if shape == "acacia":
        recurring["aggregate_usage"] = "sum" if made.metered else None
    elif made.metered:
        recurring["meter"] = f"mtr_{made.id.partition('_')[2]}"
    transform = made.transform
    return {
        "id": made.id,
        "object": "price",
        "active": made.active,
        "billing_scheme": "tiered" if made.tiers else "per_unit",
        "created": made.created,
        "currency": made.currency,
        "custom_unit_amount": None,
        "livemode": made.product.livemode,
        "lookup_key": made.lookup_key,
        "metadata": {},
        "nickname": made.nickname,
        "product": made.product.id,
        "recurring": recurring,
        "tax_behavior": "inclusive" if made.tax_included else "exclusive",
        "tiers_mode": made.tiers_mode,
        "transform_quantity": None
        if transform is None
        else {"divide_by": transform.divide_by, "round": transform.round},
        "type": "recurring",
        "unit_amount": _whole(made),
        "unit_amount_decimal": exact(made, made.currency),
    }


def _plan(made: Price, shape: Shape) -> Doc:
    transform = made.transform
    rendered: Doc = {
        "id": made.id,
        "object": "plan",
        "active": made.active,
        "amount": _whole(made),
        "amount_decimal": exact(made, made.currency),
        "billing_scheme": "tiered" if made.tiers else "per_unit",
        "created": made.created,
        "currency": made.currency,
        "interval": made.interval,
        "interval_count": made.count,
        "livemode": made.product.livemode,
        "metadata": {},
        "nickname": made.nickname,
        "product": made.product.id,
        "tiers_mode": made.tiers_mode,
        "transform_usage": None
        if transform is None
        else {"divide_by": transform.divide_by, "round": transform.round},
        "trial_period_days": None,
        "usage_type": "metered" if made.metered else "licensed",
    }
    if shape == "acacia":
        rendered["aggregate_usage"] = "sum" if made.metered else None
    return rendered


def exact(made: Price, currency: str) -> str | None:
    """Return what one unit is in a currency, if it is the same for each."""
    if made.tiers:
        return None
    amount = made.unit_amounts[currency].normalize()
    return f"{amount:f}"


def _whole(made: Price) -> int | None:
    if made.tiers:
        return None
    amount = made.unit_amounts[made.currency]
    return int(amount) if amount == amount.to_integral_value() else None


def coupon(made: Coupon) -> Doc:
    """Render a coupon."""
    return {
        "id": made.id,
        "object": "coupon",
        "amount_off": made.amount_off,
        "created": made.created,
        "currency": made.currency,
        "duration": made.duration,
        "duration_in_months": made.months,
        "livemode": made.livemode,
        "max_redemptions": None,
        "metadata": {},
        "name": made.name,
        "percent_off": number(made.percent_off),
        "redeem_by": None,
        "times_redeemed": 0,
        "valid": not made.deleted,
    }


def number(value: Decimal | None) -> int | float | None:
    """Return a percentage as JSON holds it."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def discount(held: Discount, customer: Customer, shape: Shape) -> Doc:
    """Render a discount; newer versions name the coupon only."""
    rendered: Doc = {
        "id": held.id,
        "object": "discount",
        "checkout_session": None,
        "customer": customer.id,
        "end": held.end,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": None,
        "start": held.start,
        "subscription": None if held.subscription is None else held.subscription.id,
        "subscription_item": None if held.item is None else held.item.id,
    }
    if shape == "acacia":
        rendered["coupon"] = coupon(held.coupon)
    else:
        rendered["source"] = {"coupon": held.coupon.id, "type": "coupon"}
    return rendered


def customer(made: Customer, shape: Shape) -> Doc:
    """Render a customer."""
    rendered: Doc = {
        "id": made.id,
        "object": "customer",
        "address": None if made.country is None else {"country": made.country},
        "balance": made.balance,
        "created": made.created,
        "currency": made.currency,
        "default_source": None,
        "delinquent": any(s.status == "past_due" for s in made.subscriptions),
        "description": None,
        "discount": None if made.discount is None else discount(made.discount, made, shape),
        "email": made.email,
        "invoice_prefix": made.prefix,
        "invoice_settings": {"default_payment_method": _card(made)},
        "livemode": made.livemode,
        "metadata": dict(made.metadata),
        "name": made.name,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
    }
    if made.deleted:
        rendered["deleted"] = True
    return rendered


def _card(made: Customer) -> str | None:
    return f"pm_{made.id.partition('_')[2]}" if made.has_card else None


def item(made: Item, shape: Shape) -> Doc:
    """Render an item as a subscription lists it."""
    rendered: Doc = {
        "id": made.id,
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": made.created,
        "discounts": [held.id for held in made.discounts],
        "metadata": {},
        "plan": plan(made.price, shape),
        "price": price(made.price, shape),
        "subscription": made.subscription.id,
        "tax_rates": [],
    }
    if not made.price.metered:
        rendered["quantity"] = made.quantity
    if shape == "clover":
        trial = made.trial
        rendered["current_trial"] = (
            None
            if trial is None
            else {
                "end_date": trial.end,
                "start_date": trial.start,
                "trial_offer": f"to_{made.id.partition('_')[2]}",
            }
        )
        rendered["current_period_end"] = made.period_end
        rendered["current_period_start"] = made.period_start
    return rendered


def item_row(made: Item, shape: Shape) -> Doc:
    """Render an item as the sync engines keep it in a table of its own."""
    return item(made, shape) | {
        "price": made.price.id,
        "quantity": None if made.price.metered else made.quantity,
        "deleted": made.deleted,
    }


def subscription(made: Subscription, shape: Shape) -> Doc:
    """Render a subscription."""
    owner = made.customer
    pause = made.pause
    rendered: Doc = {
        "id": made.id,
        "object": "subscription",
        "billing_cycle_anchor": made.anchor,
        "cancel_at": made.cancel_at,
        "cancel_at_period_end": made.cancel_at_period_end,
        "canceled_at": made.canceled_at,
        "cancellation_details": {
            "comment": None,
            "feedback": made.cancel_feedback,
            "reason": made.cancel_reason,
        },
        "collection_method": made.collection_method,
        "created": made.created,
        "currency": made.currency,
        "customer": owner.id,
        "days_until_due": made.days_until_due,
        "default_payment_method": _card(owner),
        "default_tax_rates": [],
        "discounts": [held.id for held in made.discounts],
        "ended_at": made.ended_at,
        "items": {
            "object": "list",
            "data": [item(each, shape) for each in made.items],
            "has_more": False,
            "total_count": len(made.items),
            "url": f"/v1/subscription_items?subscription={made.id}",
        },
        "latest_invoice": None if made.latest_invoice is None else made.latest_invoice.id,
        "livemode": owner.livemode,
        "metadata": dict(made.metadata),
        "pause_collection": None
        if pause is None
        else {"behavior": pause[0], "resumes_at": pause[1]},
        "pending_update": None,
        "schedule": None if made.schedule is None else made.schedule.id,
        "start_date": made.start_date,
        "status": made.status,
        "trial_end": made.trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": made.missing_card}},
        "trial_start": made.trial_start,
    }
    if shape == "acacia":
        only = made.items[0] if len(made.items) == 1 else None
        rendered["current_period_end"] = made.period_end
        rendered["current_period_start"] = made.period_start
        rendered["discount"] = discount(made.discounts[0], owner, shape) if made.discounts else None
        rendered["plan"] = None if only is None else plan(only.price, shape)
        rendered["quantity"] = None if only is None or only.price.metered else only.quantity
    else:
        rendered["billing_mode"] = {"type": "flexible" if made.flexible else "classic"}
    return rendered


def schedule(made: Schedule, shape: Shape) -> Doc:
    """Render a subscription schedule."""
    current = made.current
    return {
        "id": made.id,
        "object": "subscription_schedule",
        "canceled_at": made.canceled_at,
        "completed_at": None,
        "created": made.created,
        "current_phase": None
        if current is None
        else {"end_date": current.end, "start_date": current.start},
        "customer": made.customer.id,
        "default_settings": {"collection_method": "charge_automatically"},
        "end_behavior": "release",
        "livemode": made.customer.livemode,
        "metadata": {},
        "phases": [_phase(phase, shape) for phase in made.phases],
        "released_at": made.released_at,
        "released_subscription": made.released_subscription,
        "status": made.status,
        "subscription": None if made.subscription is None else made.subscription.id,
    }


def _phase(phase: Phase, shape: Shape) -> Doc:
    rendered: Doc = {
        "currency": phase.currency,
        "discounts": [_planned(each) for each in phase.discounts],
        "end_date": phase.end,
        "items": [
            {
                "discounts": [_planned(each) for each in phase.item_discounts.get(price.id, [])],
                "plan": price.id,
                "price": price.id,
                "quantity": None if price.metered else quantity,
                "tax_rates": [],
            }
            for price, quantity in phase.items
        ],
        "proration_behavior": phase.proration,
        "start_date": phase.start,
        "trial_end": phase.trial_end,
    }
    if shape == "acacia":
        coupons = [each for each in phase.discounts if isinstance(each, Coupon)]
        rendered["coupon"] = coupons[0].id if coupons else None
    return rendered


def _planned(each: Discount | Coupon) -> Doc:
    rendered: Doc = {"coupon": None, "discount": None, "promotion_code": None}
    key = "coupon" if isinstance(each, Coupon) else "discount"
    return rendered | {key: each.id}
