"""Payments: when an invoice is paid, and the rows that say so once that time has come."""

from tidemill_cli.demo.lago.account import Account, Invoice
from tidemill_cli.demo.lago.clock import DAY, NEVER, TEXT
from tidemill_cli.demo.lago.rows import FALSE, position

PENDING, SUCCEEDED, FAILED = "0", "1", "2"

_ID = position("invoices", "id")
_CURRENCY = position("invoices", "currency")
_CREATED = position("invoices", "created_at")
_UPDATED = position("invoices", "updated_at")
_STATUS = position("invoices", "payment_status")
_TOTAL = position("invoices", "total_amount_cents")
_PAID = position("invoices", "total_paid_amount_cents")
_OVERDUE = position("invoices", "payment_overdue")
_FEE_STATUS = position("fees", "payment_status")
_FEE_SUCCEEDED = position("fees", "succeeded_at")


def pays_at(account: Account, invoice_id: str, when: int) -> int:
    """Return when an invoice finalized at an instant is paid, or never."""
    # The id is random already: no further draw, so that payments do not shift a history.
    draw = int(invoice_id[-6:], 16) / 0x1000000
    if draw < account.unpaid:
        return NEVER
    return when + int(draw * account.payment_days * DAY)


def mark_paid(invoice: Invoice, when: int) -> None:
    """Note on an invoice and its fees that it was paid in full."""
    row, at = invoice.row, TEXT[when]
    row[_STATUS] = SUCCEEDED
    row[_PAID] = row[_TOTAL]
    row[_OVERDUE] = FALSE
    row[_UPDATED] = max(row[_UPDATED], at)
    for fee in invoice.fees:
        fee[_FEE_STATUS] = SUCCEEDED
        fee[_FEE_SUCCEEDED] = at


def write_payments(account: Account) -> None:
    """Add the payments made by now, and what was tried in vain."""
    for invoice in account.invoices:
        row = invoice.row
        if row[_TOTAL] == "0" or not invoice.is_charged:
            continue
        if invoice.pays_at <= account.now:
            if row[_STATUS] != SUCCEEDED:
                mark_paid(invoice, invoice.pays_at)
            _write(account, invoice, "succeeded", TEXT[invoice.pays_at])
        elif invoice.pays_at == NEVER:
            row[_STATUS] = FAILED
            _write(account, invoice, "failed", row[_CREATED])


def _write(account: Account, invoice: Invoice, status: str, at: str) -> None:
    account.rows.add(
        "payments",
        id=account.rows.uuid(),
        organization_id=account.organization.id,
        customer_id=account.id,
        amount_cents=invoice.row[_TOTAL],
        amount_currency=invoice.row[_CURRENCY],
        status=status,
        payable_type="Invoice",
        payable_id=invoice.row[_ID],
        payable_payment_status=status,
        payment_type="provider",
        created_at=at,
        updated_at=at,
    )
