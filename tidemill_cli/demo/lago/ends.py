"""How subscriptions end, and what becomes of those that never lived."""

from tidemill_cli.demo.lago.account import (
    ACTIVE,
    CANCELED,
    INCOMPLETE,
    PENDING,
    TERMINATED,
    Account,
    Subscription,
)
from tidemill_cli.demo.lago.billing import final_fees
from tidemill_cli.demo.lago.clock import MINUTE, NEVER
from tidemill_cli.demo.lago.credit import credit_unused
from tidemill_cli.demo.lago.invoicing import CLOSED, FINALIZED, OPEN, Draft, finalize
from tidemill_cli.demo.lago.payments import mark_paid
from tidemill_cli.demo.lago.rows import moment, position

_STATUS = position("invoices", "status")
_FINALIZED_AT = position("invoices", "finalized_at")
_UPDATED_AT = position("invoices", "updated_at")


def terminate(account: Account, subscription: Subscription, when: int) -> None:
    """End a subscription now; one that has not lived yet is only dropped."""
    if subscription.status in (PENDING, INCOMPLETE):
        cancel_pending(account, subscription, when)
        return
    if subscription.status != ACTIVE:
        message = f"subscription {subscription.external_id!r} is not active"
        raise ValueError(message)
    draft = Draft(subscription.plan.currency)
    last_day = account.zone.day(when) + 1
    close(account, subscription, when, draft, last_day=last_day, replaced=False)
    finalize(account, draft, when)


def close(
    account: Account,
    subscription: Subscription,
    when: int,
    draft: Draft,
    *,
    last_day: int,
    replaced: bool,
) -> None:
    """End an active row, give back unused days and add its last fees to a draft."""
    subscription.status = TERMINATED
    subscription.terminated_at = subscription.updated_at = when
    if subscription.plan.pay_in_advance:
        credit_unused(account, subscription, last_day, when)
    pending = subscription.pending_change
    if pending is not None and not replaced:
        cancel_pending(account, pending, when)
    final_fees(account, subscription, last_day, draft, when)
    _retire(account, subscription)


def cancel_pending(account: Account, subscription: Subscription, when: int) -> None:
    """Drop a pending row, or one that waits for its payment: it never lived."""
    if subscription.previous is not None and subscription.previous.pending_change is subscription:
        subscription.previous.pending_change = None
    if subscription.status == INCOMPLETE:
        settle_gated_invoice(account, subscription, when, paid=False)
    subscription.status = CANCELED
    subscription.canceled_at = subscription.updated_at = when
    _retire(account, subscription)


def settle_gated_invoice(
    account: Account, subscription: Subscription, when: int, *, paid: bool
) -> None:
    """Finalize or close the invoice a gated subscription waited for."""
    for invoice in account.invoices:
        if invoice.row[_STATUS] != OPEN or invoice.subscriptions[0][2] != subscription.id:
            continue
        invoice.row[_STATUS] = FINALIZED if paid else CLOSED
        invoice.row[_UPDATED_AT] = moment(when)
        if paid:
            invoice.row[_FINALIZED_AT] = moment(when)
            invoice.pays_at, invoice.is_charged = when, True
            mark_paid(invoice, when)


def _retire(account: Account, subscription: Subscription) -> None:
    subscription.due = NEVER
    account.live = [other for other in account.live if other is not subscription]


def delete_customer(account: Account, when: int) -> None:
    """Delete a customer: the row is kept, and a job ends the subscriptions minutes later."""
    account.deleted_at = account.updated_at = when
    ends = when + 2 * MINUTE
    for subscription in list(account.live):
        if subscription in account.live:
            terminate(account, subscription, ends)
    account.now = max(account.now, ends)
