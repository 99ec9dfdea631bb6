"""Credit of an account: what an invoice leaves over pays the next ones."""

from decimal import Decimal

from tidemill_cli.demo.killbill.model import Account, Invoice
from tidemill_cli.demo.killbill.rows import Row
from tidemill_cli.demo.killbill.world import World


def settle_credit(world: World, invoice: Invoice) -> None:
    """Turn what an invoice is below nothing into credit, and pay invoices with what there is."""
    account = invoice.account
    if invoice.row["migrated"]:
        return
    if invoice.balance < 0:
        move(world, invoice, -invoice.balance)
    for unpaid in account.invoices:
        if account.credit <= 0:
            return
        if unpaid.balance > 0:
            move(world, unpaid, -min(account.credit, unpaid.balance))


def add_credit(world: World, account: Account, amount: Decimal, invoice: Invoice) -> None:
    """Give credit: an invoice of its own says so, twice with opposite signs."""
    _row(world, invoice, "CREDIT_ADJ", -amount)
    move(world, invoice, amount)
    account.invoices.append(invoice)
    settle_credit(world, invoice)


def move(world: World, invoice: Invoice, amount: Decimal) -> None:
    """Move an amount between an invoice and the account's credit."""
    invoice.account.credit += amount
    _row(world, invoice, "CBA_ADJ", amount)


def _row(world: World, invoice: Invoice, kind: str, amount: Decimal) -> Row:
    account = invoice.account
    today = account.local(world.now)
    row = world.rows.add(
        "invoice_items",
        world.now,
        type=kind,
        invoice_id=invoice.id,
        account_id=account.id,
        start_date=today,
        end_date=today,
        amount=amount,
        currency=account.currency,
        description="Adjustment (account credit)",
        **account.keys,
    )
    invoice.rows.append(row)
    return row
