"""Script the simulator: perform actions at instants, then read the rows Kill Bill would have.

    kb = KillBillEngine(seed=1, start=datetime(2024, 1, 1, tzinfo=UTC))
    acme = kb.tenant("Acme")
    kb.catalog(acme, kb.start, [monthly("basic", "Basic", "50")])
    account = kb.account(acme, at=...)
    subscription = kb.subscribe(account, "basic", at=...)
    kb.run_until(...)
    kb.rows["subscription_events"]

Times are aware datetimes; amounts are in major units. One clock runs for all, and forwards only:
an action first lets everything due by then happen.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from random import Random

from tidemill_cli.demo.killbill import (
    blocking,
    changes,
    ends,
    invoicing,
    overrides,
    payments,
    starts,
    transfers,
    usage,
)
from tidemill_cli.demo.killbill.accounts import AccountActions
from tidemill_cli.demo.killbill.credit import add_credit
from tidemill_cli.demo.killbill.model import (
    Account,
    Bundle,
    Invoice,
    Item,
    Payment,
    Policy,
    Subscription,
)

__all__ = ["KillBillEngine"]

Amount = Decimal | int | str


class KillBillEngine(AccountActions):
    """A billing engine to script, deterministic by seed."""

    def __init__(self, seed: int, start: datetime, base: int = 0) -> None:
        """Start with nothing at an instant; record ids begin after `base`."""
        super().__init__(Random(seed), start, base)

    # Subscriptions

    def subscribe(
        self,
        account: Account,
        plan: str,
        at: datetime,
        *,
        quantity: int = 1,
        key: str | None = None,
        starts_at: datetime | None = None,
        entitled_at: datetime | None = None,
        prices: Mapping[int, Amount] | None = None,
    ) -> Subscription:
        """Subscribe to a plan in a bundle of its own; `prices` by number of phase are its own.

        With `entitled_at` it is migrated: access began before billing does.
        """
        self.act(at)
        bundle = starts.new_bundle(self.world, account, key)
        return self._create(bundle, plan, starts_at, quantity, entitled_at, prices)

    def add_on(
        self,
        base: Subscription,
        plan: str,
        at: datetime,
        *,
        quantity: int = 1,
        prices: Mapping[int, Amount] | None = None,
    ) -> Subscription:
        """Subscribe to an add-on beside a base."""
        self.act(at)
        return self._create(base.bundle, plan, None, quantity, None, prices)

    def change_plan(
        self,
        subscription: Subscription,
        plan: str,
        at: datetime,
        policy: Policy = "IMMEDIATE",
        prices: Mapping[int, Amount] | None = None,
    ) -> datetime:
        """Give a subscription another plan; return from when on."""
        self.act(at)
        name = self._named(subscription.account, plan, prices)
        when = changes.change_plan(self.world, subscription, name, policy)
        return self._done(when)

    def undo_change(self, subscription: Subscription, at: datetime) -> None:
        """Take back a change that has not come yet."""
        self.act(at)
        changes.undo_change(self.world, subscription)
        self.settle()

    def set_quantity(
        self,
        subscription: Subscription,
        quantity: int,
        at: datetime,
        policy: Policy = "IMMEDIATE",
    ) -> datetime:
        """Bill another number of units; return from when on."""
        self.act(at)
        return self._done(changes.set_quantity(self.world, subscription, quantity, policy))

    def set_billing_day(self, subscription: Subscription, day: int, at: datetime) -> None:
        """Bill on another day of the month from now on."""
        self.act(at)
        changes.set_billing_day(self.world, subscription, day, self.now)
        self.settle()

    def cancel(
        self,
        subscription: Subscription,
        at: datetime,
        *,
        entitlement: Policy = "IMMEDIATE",
        billing: Policy = "IMMEDIATE",
        on: datetime | None = None,
    ) -> datetime:
        """End a subscription, by policies or at a given instant; return when its billing ends."""
        self.act(at)
        return self._done(ends.cancel(self.world, subscription, entitlement, billing, on))

    def uncancel(self, subscription: Subscription, at: datetime) -> None:
        """Take back an end that has not come yet."""
        self.act(at)
        ends.uncancel(self.world, subscription)
        self.settle()

    def pause(self, bundle: Bundle, at: datetime) -> None:
        """Stop access and billing of a bundle."""
        self.act(at)
        blocking.pause(self.world, bundle, self.now)
        self.settle()

    def resume(self, bundle: Bundle, at: datetime) -> None:
        """Go on with a bundle."""
        self.act(at)
        blocking.resume(self.world, bundle, self.now)
        self.settle()

    def block(
        self,
        blockable: Subscription | Bundle | Account,
        state: str,
        service: str,
        at: datetime,
        *,
        billing: bool,
        effective: datetime | None = None,
    ) -> None:
        """Write a blocking state of any service."""
        self.act(at)
        blocking.add(
            self.world,
            blockable,
            state,
            effective or self.now,
            service,
            change=billing,
            entitlement=billing,
            billing=billing,
        )
        self.settle()

    def transfer(
        self, bundle: Bundle, target: Account, at: datetime, *, cancel_immediately: bool = False
    ) -> Bundle:
        """Move a bundle to another account; return the new one, whose subscriptions are new."""
        self.act(at)
        made = transfers.transfer(self.world, bundle, target, cancel_immediately=cancel_immediately)
        self.settle()
        return made

    def use(self, subscription: Subscription, unit: str, units: int, at: datetime) -> None:
        """Use some units; they are billed when the month is over."""
        self.act(at)
        usage.use(self.world, subscription, unit, units)

    # Invoices and payments

    def charge(
        self, account: Account, amount: Amount, at: datetime, bundle: Bundle | None = None
    ) -> Invoice:
        """Bill something that is in no catalog."""
        self.act(at)
        return invoicing.external_charge(self.world, account, Decimal(amount), bundle)

    def credit(self, account: Account, amount: Amount, at: datetime) -> None:
        """Give an account credit for nothing."""
        self.act(at)
        invoice = invoicing.written(self.world, account)
        add_credit(self.world, account, Decimal(amount), invoice)

    def import_invoice(self, account: Account, amount: Amount, at: datetime) -> Invoice:
        """Keep an invoice of an older system."""
        self.act(at)
        return invoicing.imported(self.world, account, Decimal(amount))

    def commit(self, invoice: Invoice, at: datetime) -> None:
        """Make an invoice of a draft."""
        self.act(at)
        invoicing.commit(self.world, invoice)

    def void(self, invoice: Invoice, at: datetime) -> None:
        """Take an unpaid invoice back; what it billed is billed anew."""
        self.act(at)
        invoicing.void(self.world, invoice)
        self.settle()

    def pay(self, invoice: Invoice, at: datetime, amount: Amount | None = None) -> Payment:
        """Pay an invoice, or a part of it."""
        self.act(at)
        made = payments.pay(self.world, invoice, None if amount is None else Decimal(amount))
        self.settle()
        return made

    def refund(self, payment: Payment, at: datetime, amount: Amount | None = None) -> None:
        """Give money back, and leave the invoice's items as they are."""
        self.act(at)
        rest = payment.amount - payment.refunded
        payments.refund(self.world, payment, rest if amount is None else Decimal(amount))

    def refund_item(self, payment: Payment, item: Item, amount: Amount, at: datetime) -> None:
        """Give money back for one item, and lower it by as much."""
        self.act(at)
        payments.refund_item(self.world, payment, item, Decimal(amount))

    def charge_back(self, payment: Payment, at: datetime) -> None:
        """Have a payment taken back by the bank."""
        self.act(at)
        payments.charge_back(self.world, payment)

    def adjust(self, item: Item, amount: Amount, at: datetime) -> None:
        """Lower an item, as goodwill."""
        self.act(at)
        payments.adjust(self.world, item, Decimal(amount))

    def _create(
        self,
        bundle: Bundle,
        plan: str,
        starts_at: datetime | None,
        quantity: int,
        entitled_at: datetime | None,
        prices: Mapping[int, Amount] | None,
    ) -> Subscription:
        name = self._named(bundle.account, plan, prices)
        made = starts.create(
            self.world,
            bundle,
            name,
            self.now if starts_at is None else starts_at,
            quantity=quantity,
            entitled_at=entitled_at,
        )
        self.settle()
        return made

    def _named(self, account: Account, plan: str, prices: Mapping[int, Amount] | None) -> str:
        if not prices:
            return plan
        exact = {number: Decimal(price) for number, price in prices.items()}
        return overrides.named(self.world, account.tenant, plan, account.currency, exact)

    def _done(self, when: datetime) -> datetime:
        self.settle()
        return when
