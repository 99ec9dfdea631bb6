"""Payments of invoices: attempts, retries, refunds, chargebacks, and goodwill on items."""

from datetime import timedelta
from decimal import Decimal

from tidemill_cli.demo.killbill import overdue
from tidemill_cli.demo.killbill.credit import move
from tidemill_cli.demo.killbill.model import Account, Invoice, Item, Payment
from tidemill_cli.demo.killbill.rows import Row, touch
from tidemill_cli.demo.killbill.world import World

RETRIES = (timedelta(days=8), timedelta(days=16), timedelta(days=24))


def add_method(world: World, account: Account) -> None:
    """Give an account something to pay with."""
    row = world.rows.add(
        "payment_methods",
        world.now,
        external_key=world.rows.new_id(),
        account_id=account.id,
        plugin_name="__EXTERNAL_PAYMENT__",
        **account.keys,
    )
    account.row["payment_method_id"] = row["id"]
    account.has_method = True


def collect(world: World, invoice: Invoice) -> None:
    """Try to have an invoice paid, now and then again; who does not pay becomes overdue."""
    overdue.watch(world, invoice)
    if attempt(world, invoice):
        return

    def retry() -> None:
        attempt(world, invoice)

    for delay in RETRIES:
        world.at(world.now + delay, retry)


def attempt(world: World, invoice: Invoice) -> Payment | None:
    """Try to have an invoice paid; return the payment if it was."""
    account = invoice.account
    automatic = account.has_method and not account.tags & {"AUTO_PAY_OFF", "MANUAL_PAY"}
    if account.parent is not None:
        # The parent pays, for all of a day at once.
        return None
    if not automatic or invoice.balance <= 0:
        return None
    if account.pays:
        return pay(world, invoice)
    amount = invoice.balance
    row = _payment(world, account, "PURCHASE_FAILED", None)
    _transaction(world, account, row, "PURCHASE", amount, "PAYMENT_FAILURE")
    _invoice_payment(world, invoice, row, "ATTEMPT", amount, "INIT")
    return None


def pay(world: World, invoice: Invoice, amount: Decimal | None = None) -> Payment:
    """Pay an invoice, or a part of it."""
    account = invoice.account
    amount = invoice.balance if amount is None else amount
    row = _payment(world, account, "PURCHASE_SUCCESS", "PURCHASE_SUCCESS")
    _transaction(world, account, row, "PURCHASE", amount, "SUCCESS")
    attempt_row = _invoice_payment(world, invoice, row, "ATTEMPT", amount, "SUCCESS")
    invoice.paid += amount
    made = Payment(row, attempt_row, invoice, amount)
    invoice.payments.append(made)
    overdue.clear(world, account)
    return made


def refund(world: World, payment: Payment, amount: Decimal) -> None:
    """Give money back; the invoice is as unpaid as that, unless its items are adjusted."""
    _back(world, payment, "REFUND", amount)


def charge_back(world: World, payment: Payment) -> None:
    """Have a payment taken back by the bank."""
    _back(world, payment, "CHARGED_BACK", payment.amount - payment.refunded)


def adjust(world: World, item: Item, amount: Decimal, *, credited: bool = True) -> None:
    """Lower an item, as goodwill; what was paid for it becomes credit."""
    item.taken += amount
    adjust_row(world, item.invoice, item.row, amount)
    if credited and item.invoice.balance < 0:
        move(world, item.invoice, -item.invoice.balance)


def adjust_row(world: World, invoice: Invoice, item: Row, amount: Decimal) -> None:
    """Write the adjustment of any item, on the invoice that has it."""
    account = invoice.account
    row = world.rows.add(
        "invoice_items",
        world.now,
        type="ITEM_ADJ",
        invoice_id=invoice.id,
        account_id=account.id,
        product_name=item["product_name"],
        plan_name=item["plan_name"],
        phase_name=item["phase_name"],
        start_date=item["start_date"],
        end_date=item["start_date"],
        amount=-amount,
        currency=account.currency,
        linked_item_id=item["id"],
        description="Invoice item adjustment",
        **account.keys,
    )
    invoice.rows.append(row)


def refund_item(world: World, payment: Payment, item: Item, amount: Decimal) -> None:
    """Give money back for one item, and lower it by as much."""
    refund(world, payment, amount)
    adjust(world, item, amount, credited=False)


def _back(world: World, payment: Payment, kind: str, amount: Decimal) -> None:
    invoice = payment.invoice
    account = invoice.account
    is_refund = kind == "REFUND"
    state = "REFUND_SUCCESS" if is_refund else "CHARGEBACK_SUCCESS"
    touch(payment.row, world.now, state_name=state, last_success_state_name=state)
    name = "REFUND" if is_refund else "CHARGEBACK"
    _transaction(world, account, payment.row, name, amount, "SUCCESS")
    _invoice_payment(world, invoice, payment.row, kind, -amount, "SUCCESS", payment.attempt)
    payment.refunded += amount
    invoice.paid -= amount


def _payment(world: World, account: Account, state: str, last: str | None) -> Row:
    return world.rows.add(
        "payments",
        world.now,
        account_id=account.id,
        payment_method_id=account.row["payment_method_id"] or world.rows.new_id(),
        external_key=world.rows.new_id(),
        state_name=state,
        last_success_state_name=last,
        **account.keys,
    )


def _transaction(
    world: World, account: Account, payment: Row, kind: str, amount: Decimal, status: str
) -> None:
    world.rows.add(
        "payment_transactions",
        world.now,
        transaction_external_key=world.rows.new_id(),
        transaction_type=kind,
        effective_date=world.now,
        transaction_status=status,
        amount=amount,
        currency=account.currency,
        processed_amount=amount,
        processed_currency=account.currency,
        payment_id=payment["id"],
        **account.keys,
    )


def _invoice_payment(
    world: World,
    invoice: Invoice,
    payment: Row,
    kind: str,
    amount: Decimal,
    status: str,
    linked: Row | None = None,
) -> Row:
    account = invoice.account
    return world.rows.add(
        "invoice_payments",
        world.now,
        type=kind,
        invoice_id=invoice.id,
        payment_id=payment["id"],
        payment_date=world.now,
        amount=amount,
        currency=account.currency,
        processed_currency=account.currency,
        payment_cookie_id=world.rows.new_id(),
        linked_invoice_payment_id=linked["id"] if linked else None,
        status=status,
        **account.keys,
    )
