"""Make invoices: regular lines, what was pending, discounts, tax, and what becomes of them."""

from decimal import Decimal

from tidemill_cli.demo.stripe import discounts, payments
from tidemill_cli.demo.stripe.catalog import rounded
from tidemill_cli.demo.stripe.clock import DAY, HOUR
from tidemill_cli.demo.stripe.model import (
    INVOICES,
    PAYMENTS,
    Customer,
    Invoice,
    Item,
    Line,
    Subscription,
)


def regular_line(item: Item, start: int, end: int) -> Line:
    """Return the line that bills a whole period of an item in advance."""
    subscription = item.subscription
    return Line(
        subscription.customer.new_id("il"),
        f"{item.quantity} \u00d7 {item.price.product.name}",
        item.gross,
        start,
        end,
        item.quantity,
        subscription,
        item,
        item.price,
    )


def usage_line(item: Item, start: int, end: int) -> Line:
    """Return the line that bills what was used in a half-open time."""
    subscription = item.subscription
    used = sum(units for when, units in item.used if start <= when < end)
    item.used = [(when, units) for when, units in item.used if when >= end]
    return Line(
        subscription.customer.new_id("il"),
        f"{used} \u00d7 {item.price.product.name}",
        item.price.amount(used, subscription.currency),
        start,
        end,
        used,
        subscription,
        item,
        item.price,
    )


def trial_line(item: Item, start: int, end: int) -> Line:
    """Return the line without an amount that stands for a trial."""
    line = regular_line(item, start, end)
    line.description = f"Trial period for {item.price.product.name}"
    line.amount = 0
    return line


def add_item(customer: Customer, amount: int, description: str, when: int) -> None:
    """Let the customer's next invoice bill a one-off amount."""
    customer.pending.append(
        Line(
            customer.new_id("il"),
            description,
            amount,
            when,
            when,
            discountable=False,
            invoice_item=customer.new_id("ii"),
        )
    )


def tax_of(line: Line, rate: int) -> int:
    """Return the tax of a line: a share of its amount, or what is added to it."""
    return rounded(Decimal(line.net) * rate / (100 + rate if line.tax_included else 100))


def create(
    customer: Customer,
    subscription: Subscription | None,
    lines: list[Line],
    reason: str,
    when: int,
    period: tuple[int, int] | None = None,
) -> Invoice:
    """Write a draft of lines and of everything that is pending."""
    if subscription is not None:
        lines = [*subscription.pending, *lines]
        subscription.pending = []
        currency = subscription.currency
    else:
        currency = customer.currency or customer.account.currency
    lines = [*customer.pending, *lines]
    customer.pending = []
    discounts.apply_to_lines(lines, currency, when)
    for line in lines:
        line.tax = tax_of(line, customer.tax_rate)
    start, end = period or (when, when)
    invoice = Invoice(
        customer.new_id("in"),
        customer,
        subscription,
        reason,
        when,
        when,
        currency,
        start,
        end,
        lines,
    )
    customer.invoices.append(invoice)
    if subscription is not None:
        invoice.collection_method = subscription.collection_method
        subscription.latest_invoice = invoice
        discounts.forget(subscription, when)
    customer.journal.invoice(invoice, "created", when)
    return invoice


def issue(invoice: Invoice, when: int, *, at_once: bool) -> None:
    """Finalize a draft now, or an hour later as renewals are, unless it is to stay a draft."""
    subscription = invoice.subscription
    pause = subscription.pause if subscription is not None else None
    stays = pause is not None and pause[0] == "keep_as_draft"
    if stays or (subscription is not None and subscription.status == "unpaid"):
        invoice.auto_advance = False
        return
    behavior = None if pause is None else pause[0]
    if at_once or behavior is not None:
        if not finalize(invoice, when):
            return
        if behavior == "void":
            void(invoice, when)
        elif behavior == "mark_uncollectible":
            mark_uncollectible(invoice, when)
        else:
            collect(invoice, when)
    else:
        invoice.customer.plan_job(when + HOUR, INVOICES, lambda now: _finalize_later(invoice, now))


def _finalize_later(invoice: Invoice, when: int) -> None:
    waits = invoice.status == "draft" and invoice.auto_advance and not invoice.customer.deleted
    if waits and finalize(invoice, when):
        collect(invoice, when)


def finalize(invoice: Invoice, when: int) -> bool:
    """Number an invoice and settle it with the balance; tells whether something is left to pay."""
    customer = invoice.customer
    customer.sequence += 1
    invoice.number = f"{customer.prefix}-{customer.sequence:04d}"
    invoice.finalized_at = invoice.updated = when
    invoice.status = "open"
    before = customer.balance
    # Credit pays first; an invoice below zero becomes credit.
    if invoice.total < 0:
        customer.balance += invoice.total
    elif before < 0:
        used = min(-before, invoice.total)
        customer.balance += used
    invoice.starting_balance, invoice.ending_balance = before, customer.balance
    if invoice.collection_method == "send_invoice":
        subscription = invoice.subscription
        period = 30 if subscription is None else subscription.days_until_due or 30
        invoice.due_date = when + period * DAY
    customer.journal.invoice(invoice, "finalized", when)
    if customer.balance != before:
        customer.journal.customer(customer, when)
    if invoice.amount_due == 0:
        payments.settle(invoice, when)
    return invoice.amount_due > 0


def collect(invoice: Invoice, when: int) -> None:
    """Charge the card, or wait for who got the invoice to pay it."""
    customer = invoice.customer
    if invoice.collection_method == "charge_automatically":
        payments.attempt(invoice, when)
        return
    if customer.pays_after is not None:
        paid_at = when + customer.pays_after * DAY
        customer.plan_job(paid_at, PAYMENTS, lambda now: payments.pay_sent(invoice, now))
    if invoice.due_date is not None:
        customer.plan_job(
            invoice.due_date, PAYMENTS, lambda now: payments.fall_overdue(invoice, now)
        )


def void(invoice: Invoice, when: int) -> None:
    """Void an invoice: Stripe allows it until it is paid."""
    if invoice.status not in ("open", "uncollectible"):
        message = f"an invoice that is {invoice.status} cannot be voided"
        raise ValueError(message)
    invoice.status, invoice.voided_at, invoice.next_attempt = "void", when, None
    invoice.customer.journal.invoice(invoice, "voided", when)


def mark_uncollectible(invoice: Invoice, when: int) -> None:
    """Give an open invoice up."""
    if invoice.status != "open":
        message = f"an invoice that is {invoice.status} cannot be given up"
        raise ValueError(message)
    invoice.status, invoice.uncollectible_at, invoice.next_attempt = "uncollectible", when, None
    invoice.customer.journal.invoice(invoice, "marked_uncollectible", when)
