"""The final objects of every landing table, marked with their account and their last sync."""

from collections.abc import Iterable

from tidemill_cli.demo.stripe import render, render_invoice
from tidemill_cli.demo.stripe.catalog import Account, Coupon, Price, Product
from tidemill_cli.demo.stripe.journal import Shapes
from tidemill_cli.demo.stripe.model import Customer
from tidemill_cli.demo.stripe.render import Doc


def catalog_objects(
    accounts: Iterable[Account],
    products: Iterable[Product],
    prices: Iterable[Price],
    coupons: Iterable[Coupon],
    shapes: Shapes,
) -> dict[str, list[Doc]]:
    """Return what customers share; what was deleted is gone."""
    found: dict[str, list[Doc]] = {
        "accounts": [render.account(made) for made in accounts],
        "products": [
            _landed(render.product(made), made.account, made.updated)
            for made in products
            if not made.deleted
        ],
        "prices": [],
        "plans": [],
        "coupons": [
            _landed(render.coupon(made), made.account, made.updated)
            for made in coupons
            if not made.deleted
        ],
    }
    for price in prices:
        if not price.product.deleted:
            shape = shapes.at(price.updated)
            found["prices"].append(
                _landed(render.price(price, shape), price.account, price.updated)
            )
            found["plans"].append(_landed(render.plan(price, shape), price.account, price.updated))
    return found


def customer_objects(customer: Customer, shapes: Shapes) -> dict[str, list[Doc]]:
    """Return one customer's objects as they are now."""
    account = customer.account
    items = [
        item
        for subscription in customer.subscriptions
        for item in [*subscription.removed, *subscription.items]
    ]
    found = {
        "customers": [(render.customer(customer, shapes.at(customer.updated)), customer.updated)],
        "subscriptions": [
            (render.subscription(made, shapes.at(made.updated)), made.updated)
            for made in customer.subscriptions
        ],
        "subscription_items": [
            (render.item_row(made, shapes.at(made.updated)), made.updated) for made in items
        ],
        "subscription_schedules": [
            (render.schedule(made, shapes.at(made.updated)), made.updated)
            for made in customer.schedules
        ],
        "invoices": [
            (render_invoice.invoice(made, shapes.at(made.updated)), made.updated)
            for made in customer.invoices
        ],
        "charges": [
            (render_invoice.charge(made, shapes.at(made.updated)), made.updated)
            for made in customer.charges
        ],
        "refunds": [(render_invoice.refund(made), made.created) for made in customer.refunds],
        "credit_notes": [
            (render_invoice.credit_note(made, shapes.at(made.created)), made.created)
            for made in customer.credit_notes
        ],
        "invoice_payments": [
            (render_invoice.payment(made), made.created)
            for made in customer.charges
            # Newer versions tell of them.
            if made.paid and shapes.at(made.created) == "clover"
        ],
    }
    return {
        table: [_landed(doc, account, updated) for doc, updated in docs]
        for table, docs in found.items()
        if docs
    }


def _landed(doc: Doc, account: Account, updated: int) -> Doc:
    return {**doc, "_account_id": account.id, "_last_synced_at": updated}
