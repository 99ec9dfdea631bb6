"""Credit notes: what an early end gives back, and how it pays later invoices."""

from decimal import Decimal

from tidemill_cli.demo.lago.account import Account, CreditNote, Invoice, Subscription
from tidemill_cli.demo.lago.clock import TEXT
from tidemill_cli.demo.lago.pricing import round_half_up
from tidemill_cli.demo.lago.rows import FALSE, position

_INVOICE_CURRENCY = position("invoices", "currency")
_FEE_ID = position("fees", "id")
_FEE_AMOUNT = position("fees", "amount_cents")
_FEE_COUPONS = position("fees", "precise_coupons_amount_cents")
_FEE_TAXES = position("fees", "taxes_amount_cents")
_BALANCE = position("credit_notes", "balance_amount_cents")
_CREDIT_STATUS = position("credit_notes", "credit_status")
_CREDIT_UPDATED = position("credit_notes", "updated_at")


def credit_unused(account: Account, subscription: Subscription, day: int, when: int) -> None:
    """Give back the days paid in advance from a local day on, as a credit note."""
    fee = subscription.billed
    if fee is None or fee.invoice is None or fee.period is not subscription.period:
        return
    period = fee.period
    if period is None:
        return
    days = period.last - max(day, fee.first_day)
    item = min((2 * fee.price * days + period.days) // (2 * period.days), fee.amount)
    if days <= 0 or item <= 0:
        return
    coupons = round_half_up(item * fee.coupons / fee.amount)
    taxes = (2 * (item - coupons) * account.tax_rate + 100) // 200
    total = item - coupons + taxes
    rows, organization_id = account.rows, account.organization.id
    note_id, at, amount = rows.uuid(), TEXT[when], str(total)
    currency = subscription.plan.currency
    fee.invoice.credit_notes += 1
    sequential_id = fee.invoice.credit_notes
    row = rows.add(
        "credit_notes",
        id=note_id,
        customer_id=account.id,
        invoice_id=fee.invoice.id,
        organization_id=organization_id,
        sequential_id=str(sequential_id),
        number=f"{fee.invoice.number}-CN{sequential_id:03d}",
        credit_amount_cents=amount,
        credit_amount_currency=currency,
        credit_status="0" if total else "1",
        balance_amount_cents=amount,
        balance_amount_currency=currency,
        # Order cancellation.
        reason="3",
        refund_amount_cents="0",
        total_amount_cents=amount,
        total_amount_currency=currency,
        taxes_amount_cents=str(taxes),
        taxes_rate=str(account.tax_rate),
        coupons_adjustment_amount_cents=str(coupons),
        issuing_date=account.zone.date_text(when),
        created_at=at,
        updated_at=at,
    )
    rows.add(
        "credit_note_items",
        id=rows.uuid(),
        credit_note_id=note_id,
        fee_id=fee.id,
        amount_cents=str(item),
        amount_currency=currency,
        precise_amount_cents=str(item),
        created_at=at,
        updated_at=at,
        organization_id=organization_id,
    )
    if total:
        account.credit.append(CreditNote(note_id, currency, total, row))
    subscription.billed = None


def refund(account: Account, invoice: Invoice, when: int, percent: int) -> None:
    """Give back a share of every fee of a paid invoice, in money."""
    rows, organization_id = account.rows, account.organization.id
    note_id, at = rows.uuid(), TEXT[when]
    currency = invoice.row[_INVOICE_CURRENCY]
    items = [(fee[_FEE_ID], int(fee[_FEE_AMOUNT]) * percent // 100) for fee in invoice.fees]
    given = sum(item for _, item in items)
    discounts = sum((Decimal(fee[_FEE_COUPONS]) for fee in invoice.fees), Decimal(0))
    coupons = round_half_up(discounts * percent / 100)
    taxes = sum(int(fee[_FEE_TAXES]) for fee in invoice.fees) * percent // 100
    invoice.credit_notes += 1
    total = str(given - coupons + taxes)
    rows.add(
        "credit_notes",
        id=note_id,
        customer_id=account.id,
        invoice_id=invoice.id,
        organization_id=organization_id,
        sequential_id=str(invoice.credit_notes),
        number=f"{invoice.number}-CN{invoice.credit_notes:03d}",
        credit_amount_cents="0",
        credit_amount_currency=currency,
        balance_amount_cents="0",
        balance_amount_currency=currency,
        # Product unsatisfactory.
        reason="1",
        refund_amount_cents=total,
        refund_amount_currency=currency,
        # Succeeded.
        refund_status="1",
        refunded_at=at,
        total_amount_cents=total,
        total_amount_currency=currency,
        taxes_amount_cents=str(taxes),
        taxes_rate=str(account.tax_rate),
        coupons_adjustment_amount_cents=str(coupons),
        issuing_date=account.zone.date_text(when),
        created_at=at,
        updated_at=at,
    )
    for fee_id, item in items:
        rows.add(
            "credit_note_items",
            id=rows.uuid(),
            credit_note_id=note_id,
            fee_id=fee_id,
            amount_cents=str(item),
            amount_currency=currency,
            precise_amount_cents=str(item),
            created_at=at,
            updated_at=at,
            organization_id=organization_id,
        )
    for subscription in account.live:
        # What was given back is not given back again when the subscription ends.
        if subscription.billed is not None and subscription.billed.invoice is invoice:
            subscription.billed = None


def apply_credit(account: Account, invoice_id: str, currency: str, due: int, when: int) -> int:
    """Pay what is due from the customer's credit notes, oldest first; returns what they paid."""
    left = due
    at = TEXT[when]
    for note in account.credit:
        if left <= 0:
            break
        if note.currency != currency or not note.balance:
            continue
        amount = min(note.balance, left)
        left -= amount
        note.balance -= amount
        note.row[_BALANCE] = str(note.balance)
        note.row[_CREDIT_STATUS] = "0" if note.balance else "1"
        note.row[_CREDIT_UPDATED] = at
        account.rows.add(
            "credits",
            id=account.rows.uuid(),
            invoice_id=invoice_id,
            credit_note_id=note.id,
            amount_cents=str(amount),
            amount_currency=currency,
            before_taxes=FALSE,
            created_at=at,
            updated_at=at,
            organization_id=account.organization.id,
        )
    account.credit = [note for note in account.credit if note.balance]
    return due - left
