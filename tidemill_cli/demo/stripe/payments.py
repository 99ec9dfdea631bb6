"""Payments: attempts, retries and what they make of a subscription; refunds and credit notes."""

from tidemill_cli.demo.stripe import discounts, ends
from tidemill_cli.demo.stripe.clock import DAY
from tidemill_cli.demo.stripe.model import (
    PAYMENTS,
    Charge,
    CreditNote,
    Invoice,
    Refund,
)

# Days from one attempt to charge a card to the next; after the last, the subscription's own
# setting says what happens.
RETRY_DAYS = (3, 5, 7)


def attempt(invoice: Invoice, when: int) -> bool:
    """Try to charge the card for an open invoice."""
    customer = invoice.customer
    invoice.attempt_count += 1
    invoice.next_attempt = None
    paid = customer.has_card and not customer.failing
    if customer.has_card:
        charge = Charge(
            customer.new_id("ch"),
            customer.new_id("pi"),
            invoice,
            invoice.amount_due,
            when,
            when,
            paid,
        )
        customer.charges.append(charge)
        invoice.charge = charge
        customer.journal.charge(charge, "succeeded" if paid else "failed", when)
        if paid:
            customer.journal.payment(charge, when)
    if paid:
        settle(invoice, when)
        return True
    subscription = invoice.subscription
    last = invoice.attempt_count > len(RETRY_DAYS)
    # The first payment of a subscription is the customer's to make again.
    if not last and (subscription is None or subscription.status != "incomplete"):
        invoice.next_attempt = when + RETRY_DAYS[invoice.attempt_count - 1] * DAY
        customer.plan_job(invoice.next_attempt, PAYMENTS, lambda now: _retry(invoice, now))
    customer.journal.invoice(invoice, "payment_failed", when)
    if subscription is not None:
        if subscription.status == "active":
            subscription.status = "past_due"
            customer.journal.subscription(subscription, when)
        if last and subscription.status == "past_due":
            _give_up(invoice, when)
    return False


def _retry(invoice: Invoice, when: int) -> None:
    if invoice.status == "open" and invoice.next_attempt == when and not invoice.customer.deleted:
        attempt(invoice, when)


def _give_up(invoice: Invoice, when: int) -> None:
    subscription = invoice.subscription
    if subscription is None or subscription.after_retries == "leave":
        return
    if subscription.after_retries == "cancel":
        ends.cancel(subscription, when, "payment_failed")
        return
    subscription.status = "unpaid"
    subscription.customer.journal.subscription(subscription, when)


def settle(invoice: Invoice, when: int) -> None:
    """Note that an invoice is paid; its subscription recovers when nothing else is overdue."""
    invoice.status, invoice.paid_at, invoice.next_attempt = "paid", when, None
    invoice.amount_paid = invoice.amount_due
    customer, subscription = invoice.customer, invoice.subscription
    customer.journal.invoice(invoice, "paid", when)
    if subscription is None:
        return
    recovers = subscription.status in ("past_due", "unpaid") and not any(
        other.status == "open" and _is_overdue(other, when)
        for other in customer.invoices
        if other.subscription is subscription
    )
    if subscription.status == "incomplete" or recovers:
        subscription.status = "active"
        customer.journal.subscription(subscription, when)


def _is_overdue(invoice: Invoice, when: int) -> bool:
    if invoice.due_date is not None:
        return invoice.due_date <= when
    return invoice.attempt_count > 0


def pay(invoice: Invoice, when: int) -> None:
    """Pay an open (or given up) invoice with another means than the card on file."""
    if invoice.status not in ("open", "uncollectible"):
        message = f"an invoice that is {invoice.status} cannot be paid"
        raise ValueError(message)
    customer = invoice.customer
    failing, has_card = customer.failing, customer.has_card
    customer.failing, customer.has_card = False, True
    attempt(invoice, when)
    customer.failing, customer.has_card = failing, has_card


def pay_sent(invoice: Invoice, when: int) -> None:
    """Receive the money for an invoice that was sent."""
    if invoice.status == "open":
        pay(invoice, when)


def fall_overdue(invoice: Invoice, when: int) -> None:
    """Note that an invoice that was sent is not paid in time."""
    subscription = invoice.subscription
    if invoice.status != "open" or subscription is None or subscription.status != "active":
        return
    subscription.status = "past_due"
    invoice.customer.journal.invoice(invoice, "updated", when)
    invoice.customer.journal.subscription(subscription, when)


def refund(invoice: Invoice, amount: int, when: int) -> Refund:
    """Give money back."""
    charge = invoice.charge
    if charge is None or not charge.paid or amount > charge.amount - charge.amount_refunded:
        message = "no more can be given back than was paid by card"
        raise ValueError(message)
    customer = invoice.customer
    given = Refund(customer.new_id("re"), charge, amount, when)
    customer.refunds.append(given)
    charge.amount_refunded += amount
    customer.journal.refund(given, when)
    customer.journal.charge(charge, "refunded", when)
    return given


def credit_note(invoice: Invoice, amount: int, when: int, *, refunded: bool) -> CreditNote:
    """Credit a part of an invoice, tax included: given back if it was paid, else not due.

    Not given back means that it is kept as the customer's balance.
    """
    if invoice.status not in ("open", "paid") or not 0 < amount <= invoice.total:
        message = "a credit note is for a finalized invoice and not more than its total"
        raise ValueError(message)
    customer = invoice.customer
    bearing = [line for line in invoice.lines if line.net > 0]
    gross = discounts.in_proportion(amount, [line.untaxed + line.tax for line in bearing])
    lines = []
    for line, share in zip(bearing, gross, strict=True):
        tax = discounts.in_proportion(share, [line.tax, line.untaxed])[0]
        lines.append((customer.new_id("cnli"), line, share - tax, tax))
    note = CreditNote(
        customer.new_id("cn"),
        invoice,
        f"{invoice.number}-CN-{len(invoice.credit_notes) + 1:02d}",
        when,
        lines,
    )
    if invoice.status == "open":
        note.pre_payment = True
        invoice.pre_payment_credit += amount
    else:
        invoice.post_payment_credit += amount
        if refunded:
            note.refund = refund(invoice, amount, when)
        else:
            note.to_balance = True
            customer.balance -= amount
            customer.journal.customer(customer, when)
    invoice.credit_notes.append(note)
    customer.credit_notes.append(note)
    customer.journal.credit_note(note, when)
    if note.pre_payment and invoice.amount_due == 0:
        settle(invoice, when)
    else:
        customer.journal.invoice(invoice, "updated", when)
    return note
