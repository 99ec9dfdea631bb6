"""Turn fees into a finalized invoice: coupons first, then taxes, then credit notes."""

from tidemill_cli.demo.lago.account import Account, AppliedCoupon, Fee, Invoice, Subscription
from tidemill_cli.demo.lago.clock import TEXT, Window
from tidemill_cli.demo.lago.credit import apply_credit
from tidemill_cli.demo.lago.discounts import apply_coupons
from tidemill_cli.demo.lago.payments import PENDING, SUCCEEDED, pays_at
from tidemill_cli.demo.lago.pricing import round_half_up
from tidemill_cli.demo.lago.rows import FALSE, NULL, TRUE

FINALIZED, OPEN, CLOSED = "1", "5", "6"


class Draft:
    """An invoice being made; one customer, one currency."""

    __slots__ = ("currency", "fees", "parts")

    def __init__(self, currency: str) -> None:
        """Start without fees."""
        self.currency = currency
        self.fees: list[Fee] = []
        # By subscription: why it is billed, what its base fee covers, and what its usage does.
        self.parts: list[tuple[Subscription, str, Window, Window]] = []


def finalize(account: Account, draft: Draft, when: int, status: str = FINALIZED) -> None:
    """Write the invoice of a draft; a draft without fees leaves no invoice."""
    fees = draft.fees
    if not fees:
        return
    rows = account.rows
    organization = account.organization
    currency, tax_rate = draft.currency, account.tax_rate
    invoice_id = rows.uuid()
    at = TEXT[when]
    total = 0
    for fee in fees:
        total += fee.amount
    subtotal = total
    used: list[tuple[AppliedCoupon, int]] = []
    if account.coupons:
        used = apply_coupons(account, currency, fees, invoice_id, total, when)
        for _, amount in used:
            subtotal -= amount
    taxes = 0
    if tax_rate:
        for fee in fees:
            taxes += _tax(fee, tax_rate)
    due = subtotal + taxes
    credit = apply_credit(account, invoice_id, currency, due, when) if account.credit else 0
    payable = due - credit
    paid_from = pays_at(account, invoice_id, when) if payable else when
    paid = status == FINALIZED and paid_from == when
    sequential = str(len(account.invoices) + 1)
    number = f"{account.slug}-{sequential.zfill(3)}"
    day = account.zone.date_text(when)
    payable_text = str(payable)
    row = [
        invoice_id,
        organization.id,
        organization.billing_entity_id,
        account.id,
        at,
        at,
        day,
        day,
        "0",
        status,
        SUCCEEDED if paid else PENDING,
        number,
        sequential,
        account.zone.name,
        currency,
        str(total),
        str(total - subtotal),
        str(credit),
        str(subtotal),
        str(tax_rate),
        str(taxes),
        str(due),
        payable_text,
        payable_text if paid else "0",
        TRUE if account.account_type == "partner" else FALSE,
        FALSE if paid or status == OPEN else TRUE,
        at if status == FINALIZED else NULL,
        NULL,
        NULL,
        NULL,
    ]
    rows["invoices"].append(row)
    invoice = Invoice(invoice_id, account, row, [], [], used, number, paid_from)
    invoice.is_charged = status == FINALIZED
    account.invoices.append(invoice)
    _write_fees(account, draft, invoice, at, paid)
    _write_parts(account, draft, invoice, at)


def _write_fees(account: Account, draft: Draft, invoice: Invoice, at: str, paid: bool) -> None:
    rows = account.rows
    organization = account.organization
    currency, tax_rate = draft.currency, account.tax_rate
    rate = str(tax_rate)
    for fee in draft.fees:
        fee.id = rows.uuid()
        if fee.period is not None:
            fee.invoice = invoice
            fee.subscription.billed = fee
        row = [
            fee.id,
            invoice.id,
            fee.subscription.id,
            organization.id,
            organization.billing_entity_id,
            fee.kind,
            fee.source[0],
            fee.source[1],
            fee.charge_id,
            fee.fixed_charge_id,
            str(fee.amount),
            currency,
            fee.precise,
            str(fee.coupons) if fee.coupons else "0",
            rate,
            str(_tax(fee, tax_rate)) if tax_rate else "0",
            fee.units,
            str(fee.unit_amount),
            fee.precise_unit,
            fee.properties,
            fee.details,
            SUCCEEDED if paid else PENDING,
            at if paid else NULL,
            NULL,
            at,
            at,
        ]
        rows["fees"].append(row)
        invoice.fees.append(row)


def _write_parts(account: Account, draft: Draft, invoice: Invoice, at: str) -> None:
    rows = account.rows
    for subscription, reason, window, usage in draft.parts:
        row = [
            rows.uuid(),
            invoice.id,
            subscription.id,
            account.organization.id,
            at,
            at,
            TRUE if reason == "subscription_periodic" else FALSE,
            at,
            window.starts_text,
            window.ends_text,
            usage.starts_text,
            usage.ends_text,
            usage.starts_text,
            usage.ends_text,
            reason,
            NULL,
        ]
        rows["invoice_subscriptions"].append(row)
        invoice.subscriptions.append(row)


def _tax(fee: Fee, rate: int) -> int:
    if fee.coupons:
        return round_half_up((fee.amount - fee.coupons) * rate / 100)
    return (2 * fee.amount * rate + 100) // 200
