"""The shop that the history happens in: its customers, its tenants and the day they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import psycopg

from .catalogs import DUNNING, catalog
from .rest import KillBill
from .server import Running

# When things are done (the next day, in Tokyo), and when what has fallen due meanwhile is.
_OFFICE = time(16, tzinfo=UTC)
_EVENING = time(17, tzinfo=UTC)


@dataclass
class World:
    """Two tenants of one server, and their common clock."""

    server: Running
    today: date
    shops: dict[str, KillBill] = field(default_factory=dict)

    def open(self, name: str) -> None:
        """A tenant, with the first version of the catalog."""
        shop = KillBill(self.server, name)
        shop.set_clock(datetime.combine(self.today, _OFFICE))
        shop.upload_catalog(catalog(datetime(2023, 1, 1, tzinfo=UTC)))
        if name == "south":
            shop.upload_overdue_states(DUNNING)
        self.shops[name] = shop

    def work(self) -> None:
        """Let it be the hour in which things are done."""
        self._clock(_OFFICE)

    def sleep(self) -> None:
        """Let all that falls due today be done, and the next day begin."""
        # Half of all days are idle, and moving the clock takes its time.
        if self._is_due(datetime.combine(self.today, _EVENING)):
            self._clock(_EVENING)
        self.today += timedelta(days=1)

    def _is_due(self, instant: datetime) -> bool:
        with psycopg.connect(self.server.dsn) as session:
            found = session.execute(
                """
                select exists (
                    select from notifications
                    where effective_date <= %s
                )
                """,
                (instant.replace(tzinfo=None),),
            ).fetchone()
        return bool(found and found[0])

    def _clock(self, hour: time) -> None:
        shop = next(iter(self.shops.values()))
        shop.set_clock(datetime.combine(self.today, hour))


@dataclass
class Customer:
    """Somebody with an account, who does things over the REST API."""

    shop: KillBill
    name: str
    account: str
    parent: Customer | None = None
    subscriptions: dict[str, str] = field(default_factory=dict)

    def start(
        self, plan: str, key: str = "main", price: str | None = None, onto: str | None = None
    ) -> None:
        """Subscribe; onto another one's bundle when it is an add-on."""
        bundle = f"{self.name}-{onto or key}"
        prices: Mapping[str, Decimal] | None = {"EVERGREEN": Decimal(price)} if price else None
        self.subscriptions[key] = self.shop.subscribe(
            self.account, plan, f"{self.name}-{key}", bundle, prices, **self._completion()
        )

    def change(self, plan: str, when: str = "IMMEDIATE", key: str = "main") -> None:
        self.shop.change_plan(self.subscriptions[key], plan, billingPolicy=when)

    def undo_change(self, key: str = "main") -> None:
        self.shop.undo_change(self.subscriptions[key])

    def cancel(self, access: str, billing: str | None = None, key: str = "main") -> None:
        """Cancel, by the policies END_OF_TERM or IMMEDIATE."""
        self.shop.cancel(
            self.subscriptions[key], entitlementPolicy=access, billingPolicy=billing or access
        )

    def uncancel(self, key: str = "main") -> None:
        self.shop.uncancel(self.subscriptions[key])

    def move_bill_day(self, day: int) -> None:
        self.shop.set_bill_cycle_day(self.subscriptions["main"], day)

    def pause(self, on: str = "") -> None:
        self.shop.pause(self._bundle(), **({"requestedDate": on} if on else {}))

    def resume(self, on: str = "") -> None:
        self.shop.resume(self._bundle(), **({"requestedDate": on} if on else {}))

    def hand_over(self, other: Customer, when: str) -> None:
        """Give the bundle of the main subscription to another account."""
        self.shop.transfer(self._bundle(), other.account, billingPolicy=when)
        bundles = self.shop.bundles(other.account)
        other.subscriptions["main"] = bundles[-1]["subscriptions"][0]["subscriptionId"]

    def tag(self, tag: str) -> None:
        self.shop.tag_account(self.account, tag)

    def use(self, calls: Mapping[str, int]) -> None:
        self.shop.record_usage(self.subscriptions["main"], "calls", calls)

    def take_back(self, amount: str) -> None:
        """Be refunded a part of the last payment."""
        payment = self.shop.payments(self.account)[-1]["paymentId"]
        self.shop.refund(payment, Decimal(amount))

    def haggle(self, amount: str) -> None:
        """Have an item of the last invoice adjusted."""
        invoice = self.shop.invoices(self.account)[-1]
        item = next(one for one in invoice["items"] if one["itemType"] == "RECURRING")
        self.shop.adjust_item(
            self.account, invoice["invoiceId"], item["invoiceItemId"], Decimal(amount)
        )

    def be_charged(self, amount: str) -> None:
        self.shop.charge(self.account, Decimal(amount))

    def be_credited(self, amount: str) -> None:
        self.shop.credit(self.account, Decimal(amount))

    def pay(self) -> None:
        """Pay what is open, and have the rest paid by itself."""
        self.shop.add_payment_method(self.account)
        for invoice in self.shop.invoices(self.account):
            if invoice["balance"] > 0:
                balance = Decimal(str(invoice["balance"]))
                self.shop.pay(self.account, invoice["invoiceId"], balance)

    def close(self) -> None:
        self.shop.close_account(self.account)

    def _completion(self) -> dict[str, str]:
        # The invoice of a child waits for its parent's, of the next day.
        return {"callCompletion": "false"} if self.parent else {}

    def _bundle(self) -> str:
        bundle: str = self.shop.subscription(self.subscriptions["main"])["bundleId"]
        return bundle
