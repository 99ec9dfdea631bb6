"""Render invoices and what is done to them: lines, charges, refunds and credit notes."""

from collections.abc import Iterable

from tidemill_cli.demo.stripe.model import Charge, CreditNote, Invoice, Line, Refund
from tidemill_cli.demo.stripe.render import Doc, Shape, discount, exact, plan, price


def invoice(made: Invoice, shape: Shape) -> Doc:
    """Render an invoice."""
    owner, subscription = made.customer, made.subscription
    due, total, tax = made.amount_due, made.total, made.tax
    remaining = 0 if made.status == "paid" else due
    rendered: Doc = {
        "id": made.id,
        "object": "invoice",
        "account_country": owner.account.country,
        "account_name": owner.account.name,
        "amount_due": due,
        "amount_paid": made.amount_paid,
        "amount_remaining": remaining,
        "attempt_count": made.attempt_count,
        "attempted": made.attempt_count > 0 or made.status == "paid",
        "auto_advance": made.auto_advance and made.status in ("draft", "open"),
        "billing_reason": made.reason,
        "collection_method": made.collection_method,
        "created": made.created,
        "currency": made.currency,
        "customer": owner.id,
        "customer_email": owner.email,
        "customer_name": owner.name,
        "default_tax_rates": [],
        "discounts": list(dict.fromkeys(d.id for line in made.lines for d, _ in line.discounts)),
        "due_date": made.due_date,
        "effective_at": made.finalized_at,
        "ending_balance": made.ending_balance,
        "lines": {
            "object": "list",
            "data": [line(each, made, shape) for each in made.lines],
            "has_more": False,
            "total_count": len(made.lines),
            "url": f"/v1/invoices/{made.id}/lines",
        },
        "livemode": owner.livemode,
        "metadata": {},
        "next_payment_attempt": made.next_attempt,
        "number": made.number,
        "period_end": made.period_end,
        "period_start": made.period_start,
        "post_payment_credit_notes_amount": made.post_payment_credit,
        "pre_payment_credit_notes_amount": made.pre_payment_credit,
        "starting_balance": made.starting_balance,
        "status": made.status,
        "status_transitions": {
            "finalized_at": made.finalized_at,
            "marked_uncollectible_at": made.uncollectible_at,
            "paid_at": made.paid_at,
            "voided_at": made.voided_at,
        },
        "subtotal": made.subtotal,
        "subtotal_excluding_tax": made.subtotal,
        "total": total,
        "total_discount_amounts": _totals(made.lines),
        "total_excluding_tax": total - tax,
    }
    subscription_id = None if subscription is None else subscription.id
    metadata = {} if subscription is None else dict(subscription.metadata)
    if shape == "acacia":
        charge = made.charge
        rendered["charge"] = None if charge is None else charge.id
        held = subscription.discounts[:1] if subscription is not None else []
        rendered["discount"] = discount(held[0], owner, shape) if held else None
        rendered["paid"] = made.status == "paid"
        rendered["payment_intent"] = None if charge is None else charge.payment_intent
        rendered["subscription"] = subscription_id
        rendered["subscription_details"] = {"metadata": metadata}
        rendered["tax"] = tax if owner.tax_rate else None
        rendered["total_tax_amounts"] = _total_taxes(made, shape)
    else:
        rendered["parent"] = None
        if subscription is not None:
            rendered["parent"] = {
                "quote_details": None,
                "subscription_details": {"metadata": metadata, "subscription": subscription_id},
                "type": "subscription_details",
            }
        rendered["total_taxes"] = _total_taxes(made, shape)
    return rendered


def line(made: Line, of: Invoice, shape: Shape) -> Doc:
    """Render a line of an invoice."""
    subscription = None if made.subscription is None else made.subscription.id
    item = None if made.item is None else made.item.id
    rendered: Doc = {
        "id": made.id,
        "object": "line_item",
        "amount": made.amount,
        "currency": of.currency,
        "description": made.description,
        "discount_amounts": [
            {"amount": amount, "discount": held.id} for held, amount in made.discounts
        ],
        "discountable": made.discountable,
        "discounts": [],
        "invoice": of.id,
        "livemode": of.customer.livemode,
        "metadata": {},
        "period": {"end": made.end, "start": made.start},
        "quantity": made.quantity,
    }
    if shape == "acacia":
        rendered["amount_excluding_tax"] = made.amount
        rendered["plan"] = None if made.price is None else plan(made.price, shape)
        rendered["price"] = None if made.price is None else price(made.price, shape)
        rendered["proration"] = made.proration
        rendered["proration_details"] = {"credited_items": None}
        rendered["subscription"] = subscription
        if item is not None:
            rendered["subscription_item"] = item
        if made.invoice_item is not None:
            rendered["invoice_item"] = made.invoice_item
        rendered["tax_amounts"] = _line_taxes(made, of, shape)
        rendered["type"] = "subscription" if made.invoice_item is None else "invoiceitem"
        return rendered
    details = {
        "invoice_item": made.invoice_item,
        "proration": made.proration,
        "proration_details": {"credited_items": None},
        "subscription": subscription,
    }
    kind = "invoice_item_details" if item is None else "subscription_item_details"
    if item is not None:
        details["subscription_item"] = item
    rendered["parent"] = {
        "invoice_item_details": None,
        "subscription_item_details": None,
        kind: details,
        "type": kind,
    }
    rendered["pretax_credit_amounts"] = []
    rendered["pricing"] = None
    if made.price is not None:
        rendered["pricing"] = {
            "price_details": {"price": made.price.id, "product": made.price.product.id},
            "type": "price_details",
            "unit_amount_decimal": exact(made.price, of.currency),
        }
    rendered["taxes"] = _line_taxes(made, of, shape)
    return rendered


def _totals(lines: Iterable[Line]) -> list[Doc]:
    totals: dict[str, int] = {}
    for each in lines:
        for held, amount in each.discounts:
            totals[held.id] = totals.get(held.id, 0) + amount
    return [{"amount": amount, "discount": held} for held, amount in totals.items()]


def _line_taxes(made: Line, of: Invoice, shape: Shape) -> list[Doc]:
    return _taxes(made.tax, made.untaxed, of, shape, included=made.tax_included)


def _total_taxes(made: Invoice, shape: Shape) -> list[Doc]:
    """Sum the taxes of the lines up: those in the amounts apart from those on top."""
    found = []
    for included in (False, True):
        lines = [line for line in made.lines if line.tax_included is included]
        if lines:
            tax, taxable = sum(line.tax for line in lines), sum(line.untaxed for line in lines)
            found += _taxes(tax, taxable, made, shape, included=included)
    return found


def _taxes(
    tax: int, taxable: int, of: Invoice, shape: Shape, *, included: bool = False
) -> list[Doc]:
    rate = of.customer.tax_rate
    if not rate:
        return []
    rate_id = f"txr_{rate}"
    rendered: Doc = {
        "amount": tax,
        "taxability_reason": "standard_rated",
        "taxable_amount": taxable,
    }
    if shape == "acacia":
        return [rendered | {"inclusive": included, "tax_rate": rate_id}]
    return [
        rendered
        | {
            "tax_behavior": "inclusive" if included else "exclusive",
            "tax_rate_details": {"tax_rate": rate_id},
            "type": "tax_rate_details",
        }
    ]


def charge(made: Charge, shape: Shape) -> Doc:
    """Render a charge; newer versions do not say which invoice it pays."""
    of = made.invoice
    rendered: Doc = {
        "id": made.id,
        "object": "charge",
        "amount": made.amount,
        "amount_captured": made.amount if made.paid else 0,
        "amount_refunded": made.amount_refunded,
        "captured": made.paid,
        "created": made.created,
        "currency": of.currency,
        "customer": of.customer.id,
        "failure_code": None if made.paid else "card_declined",
        "failure_message": None if made.paid else "Your card was declined.",
        "livemode": of.customer.livemode,
        "metadata": {},
        "paid": made.paid,
        "payment_intent": made.payment_intent,
        "refunded": made.amount_refunded == made.amount and made.paid,
        "status": "succeeded" if made.paid else "failed",
    }
    if shape == "acacia":
        rendered["invoice"] = of.id
    return rendered


def payment(made: Charge) -> Doc:
    """Render what newer versions say of a payment of an invoice."""
    of = made.invoice
    return {
        "id": f"inpay_{made.id.partition('_')[2]}",
        "object": "invoice_payment",
        "amount_paid": made.amount,
        "amount_requested": made.amount,
        "created": made.created,
        "currency": of.currency,
        "invoice": of.id,
        "is_default": True,
        "livemode": of.customer.livemode,
        "payment": {"payment_intent": made.payment_intent, "type": "payment_intent"},
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": made.created},
    }


def refund(made: Refund) -> Doc:
    """Render a refund."""
    return {
        "id": made.id,
        "object": "refund",
        "amount": made.amount,
        "charge": made.charge.id,
        "created": made.created,
        "currency": made.charge.invoice.currency,
        "metadata": {},
        "payment_intent": made.charge.payment_intent,
        "reason": "requested_by_customer",
        "status": "succeeded",
    }


def credit_note(made: CreditNote, shape: Shape) -> Doc:
    """Render a credit note."""
    of, subtotal, tax = made.invoice, made.subtotal, made.tax
    total = subtotal + tax
    rendered: Doc = {
        "id": made.id,
        "object": "credit_note",
        "amount": total,
        "created": made.created,
        "currency": of.currency,
        "customer": of.customer.id,
        "customer_balance_transaction": f"cbtxn_{made.id.partition('_')[2]}"
        if made.to_balance
        else None,
        "discount_amount": 0,
        "discount_amounts": [],
        "invoice": of.id,
        "lines": {
            "object": "list",
            "data": [
                {
                    "id": line_id,
                    "object": "credit_note_line_item",
                    "amount": amount,
                    "description": credited.description,
                    "discount_amount": 0,
                    "discount_amounts": [],
                    "invoice_line_item": credited.id,
                    "livemode": of.customer.livemode,
                    "quantity": None,
                    "type": "invoice_line_item",
                    _tax_key(shape): _taxes(line_tax, amount, of, shape),
                }
                for line_id, credited, amount, line_tax in made.lines
            ],
            "has_more": False,
            "url": f"/v1/credit_notes/{made.id}/lines",
        },
        "livemode": of.customer.livemode,
        "metadata": {},
        "number": made.number,
        "out_of_band_amount": None,
        "reason": "requested_by_customer" if made.refund else None,
        "status": "issued",
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": total,
        "total_excluding_tax": subtotal,
        "type": "pre_payment" if made.pre_payment else "post_payment",
        "voided_at": None,
    }
    given = made.refund
    if shape == "acacia":
        rendered["refund"] = None if given is None else given.id
        rendered["tax_amounts"] = _taxes(tax, subtotal, of, shape)
    else:
        rendered["refunds"] = (
            [] if given is None else [{"amount_refunded": given.amount, "refund": given.id}]
        )
        rendered["total_taxes"] = _taxes(tax, subtotal, of, shape)
    return rendered


def _tax_key(shape: Shape) -> str:
    return "tax_amounts" if shape == "acacia" else "taxes"
