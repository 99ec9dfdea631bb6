"""Accounts whose parent pays: a day's invoices of the children become one of the parent."""

from datetime import timedelta

from tidemill_cli.demo.killbill import payments
from tidemill_cli.demo.killbill.model import Invoice
from tidemill_cli.demo.killbill.rows import Row
from tidemill_cli.demo.killbill.world import World

_SUMMARY = "PARENT_SUMMARY"


def roll_up(world: World, invoice: Invoice) -> None:
    """Add a child's invoice to the parent's draft of the day, which is committed the next day."""
    child, parent = invoice.account, invoice.account.parent
    amount = invoice.balance
    if parent is None or not amount:
        return
    today = parent.local(world.now)
    found = [
        one
        for one in parent.invoices
        if one.row["parent_invoice"] and one.status == "DRAFT" and one.row["invoice_date"] == today
    ]
    bill = found[0] if found else _begin(world, invoice)
    summary = next((row for row in bill.rows if row["child_account_id"] == child.id), None)
    if summary is None:
        row = world.rows.add(
            "invoice_items",
            world.now,
            type=_SUMMARY,
            invoice_id=bill.id,
            account_id=parent.id,
            child_account_id=child.id,
            amount=amount,
            currency=parent.currency,
            description=f"{child.row['external_key']} summary",
            **parent.keys,
        )
        bill.rows.append(row)
    else:
        _raise(summary, invoice)
    world.rows.add(
        "invoice_parent_children",
        world.now,
        parent_invoice_id=bill.id,
        child_invoice_id=invoice.id,
        child_account_id=child.id,
        **parent.keys,
    )


def _raise(summary: Row, invoice: Invoice) -> None:
    amount = summary["amount"]
    summary["amount"] = invoice.balance + (amount if not isinstance(amount, str) else 0)  # type: ignore[operator]


def _begin(world: World, invoice: Invoice) -> Invoice:
    parent = invoice.account.parent or invoice.account
    today = parent.local(world.now)
    row = world.rows.add(
        "invoices",
        world.now,
        account_id=parent.id,
        invoice_date=today,
        target_date=None,
        currency=parent.currency,
        status="DRAFT",
        migrated=False,
        parent_invoice=True,
        grp_id="",
        **parent.keys,
    )
    row["grp_id"] = row["id"]
    bill = Invoice(parent, row)
    parent.invoices.append(bill)

    def commit() -> None:
        bill.row["status"] = "COMMITTED"
        if bill.balance > 0:
            payments.collect(world, bill)

    world.at(parent.instant(today + timedelta(days=1)), commit)
    return bill
