"""Dunning: who does not pay is warned, then blocked, and at last cancelled."""

from datetime import timedelta
from functools import partial

from tidemill_cli.demo.killbill import blocking, ends, tags
from tidemill_cli.demo.killbill.model import Account, Invoice
from tidemill_cli.demo.killbill.world import World

# State -> (after so many days, whether it stops billing).
STATES = {"OD1": (30, False), "OD2": (45, True)}
CANCELLED = ("OD3", 60)


def watch(world: World, invoice: Invoice) -> None:
    """Look at an invoice again when it should have been paid long since."""
    for state in (*STATES, CANCELLED[0]):
        days = STATES[state][0] if state in STATES else CANCELLED[1]
        world.at(world.now + timedelta(days=days), partial(_check, world, invoice, state))


def clear(world: World, account: Account) -> None:
    """Forget that an account was overdue, once it owes nothing."""
    if account.overdue and all(invoice.balance <= 0 for invoice in account.invoices):
        account.overdue = ""
        if account.overdue_tag is not None:
            tags.take(world, account, account.overdue_tag)
            account.overdue_tag = None
        blocking.add(world, account, blocking.CLEAR_OVERDUE, world.now, blocking.OVERDUE)


def _check(world: World, invoice: Invoice, state: str) -> None:
    account = invoice.account
    if not account.dunned or "OVERDUE_ENFORCEMENT_OFF" in account.tags:
        return
    if invoice.balance <= 0 or account.overdue >= state:
        return
    account.overdue = state
    stops = state == CANCELLED[0] or STATES[state][1]
    if stops and account.overdue_tag is None:
        # Nor is anything billed or repaired until the debt is paid.
        account.overdue_tag = tags.put(world, account, "AUTO_INVOICING_OFF")
    blocking.add(
        world,
        account,
        state,
        world.now,
        blocking.OVERDUE,
        change=stops,
        entitlement=stops,
        billing=stops,
    )
    if state == CANCELLED[0]:
        for subscription in account.subscriptions:
            if ends.is_live(subscription, world.now) and subscription.category != "ADD_ON":
                ends.cancel(world, subscription, "IMMEDIATE", "IMMEDIATE")
