"""What happens to invoices afterwards: voiding, making again, losing a dispute."""

from tidemill_cli.demo.lago.account import Invoice
from tidemill_cli.demo.lago.clock import TEXT
from tidemill_cli.demo.lago.rows import NULL, position

VOIDED = "2"

_STATUS = position("invoices", "status")
_UPDATED = position("invoices", "updated_at")
_CURRENCY = position("invoices", "currency")
_NUMBER = position("invoices", "number")
_SEQUENTIAL = position("invoices", "sequential_id")
_CREATED = position("invoices", "created_at")
_FINALIZED = position("invoices", "finalized_at")
_VOIDED_AT = position("invoices", "voided_at")
_VOIDED_INVOICE = position("invoices", "voided_invoice_id")
_DISPUTE = position("invoices", "payment_dispute_lost_at")
_REGENERATED = position("invoice_subscriptions", "regenerated_invoice_id")
_FEE_INVOICE = position("fees", "invoice_id")
_FEE_ORIGINAL = position("fees", "original_fee_id")
_FEE_CREATED = position("fees", "created_at")
_FEE_UPDATED = position("fees", "updated_at")


def void(invoice: Invoice, when: int) -> None:
    """Void an invoice; coupons it used up count again."""
    at = TEXT[when]
    invoice.row[_STATUS] = VOIDED
    invoice.row[_VOIDED_AT] = invoice.row[_UPDATED] = at
    # What was not paid by now is not paid any more.
    invoice.is_charged = invoice.pays_at <= when
    for applied, amount in invoice.coupons:
        applied.used -= amount
        applied.terminated_at = None
        applied.updated_at = when
        if applied.remaining is not None:
            applied.remaining += 1


def regenerate(invoice: Invoice, when: int) -> Invoice:
    """Write the replacement of a voided invoice: the same fees and period, a new number."""
    account, rows = invoice.account, invoice.account.rows
    at = TEXT[when]
    new_id = rows.uuid()
    sequential_id = len(account.invoices) + 1
    number = f"{account.slug}-{sequential_id:03d}"
    row = list(invoice.row)
    row[0] = new_id
    row[_STATUS] = "1"
    row[_CREATED] = row[_UPDATED] = row[_FINALIZED] = at
    row[_VOIDED_AT] = NULL
    row[_VOIDED_INVOICE] = invoice.id
    row[_NUMBER], row[_SEQUENTIAL] = number, str(sequential_id)
    rows["invoices"].append(row)
    fees = []
    for fee in invoice.fees:
        copy = list(fee)
        copy[0] = rows.uuid()
        copy[_FEE_INVOICE] = new_id
        copy[_FEE_ORIGINAL] = fee[0]
        copy[_FEE_CREATED] = copy[_FEE_UPDATED] = at
        fees.append(copy)
    rows["fees"].extend(fees)
    parts = []
    for part in invoice.subscriptions:
        copy = list(part)
        copy[0], copy[1] = rows.uuid(), new_id
        copy[4] = copy[5] = at
        part[_REGENERATED] = new_id
        parts.append(copy)
    rows["invoice_subscriptions"].extend(parts)
    for applied, amount in invoice.coupons:
        applied.used += amount
        if applied.remaining is not None:
            applied.remaining -= 1
        if applied.remaining == 0 or applied.coupon.frequency == "once":
            applied.terminate(when)
        rows.add(
            "credits",
            id=rows.uuid(),
            invoice_id=new_id,
            applied_coupon_id=applied.id,
            amount_cents=str(amount),
            amount_currency=row[_CURRENCY],
            before_taxes="t",
            created_at=at,
            updated_at=at,
            organization_id=account.organization.id,
        )
    replacement = Invoice(
        new_id, account, row, fees, parts, list(invoice.coupons), number, max(invoice.pays_at, when)
    )
    account.invoices.append(replacement)
    _repay(invoice, replacement, {fee[_FEE_ORIGINAL]: fee[0] for fee in fees})
    return replacement


def _repay(invoice: Invoice, replacement: Invoice, ids: dict[str, str]) -> None:
    """Let what the invoice paid in advance count as paid by its replacement."""
    for subscription in invoice.account.live:
        fee = subscription.billed
        if fee is not None and fee.invoice is invoice:
            fee.invoice, fee.id = replacement, ids[fee.id]


def lose_dispute(invoice: Invoice, when: int) -> None:
    """Note a lost payment dispute: the money went back."""
    invoice.row[_DISPUTE] = invoice.row[_UPDATED] = TEXT[when]
