"""The catalogue of the simulator: accounts, products, prices and coupons."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Literal

from tidemill_cli.demo.stripe import render
from tidemill_cli.demo.stripe.catalog import (
    Account,
    Amount,
    Coupon,
    Duration,
    Price,
    Product,
    Tier,
    Transform,
    rounded,
    to_minor,
)
from tidemill_cli.demo.stripe.clock import Interval, instant
from tidemill_cli.demo.stripe.journal import Journal, Shapes
from tidemill_cli.demo.stripe.render import Doc, Shape

_NEVER = 1 << 62


class Catalogue:
    """What accounts sell; customers come with the engine."""

    def __init__(
        self,
        seed: int,
        start: datetime,
        shape: Shape = "acacia",
        *,
        clover_from: datetime | None = None,
        events: bool = True,
    ) -> None:
        """Start with nothing at an instant; payloads turn to the newer shape when asked."""
        self._start = instant(start)
        self._random = Random(seed)
        if clover_from is not None:
            self.shapes = Shapes(instant(clover_from))
        else:
            self.shapes = Shapes(0 if shape == "clover" else _NEVER)
        self._events = events
        self.accounts: list[Account] = []
        self.products: list[Product] = []
        self.prices: list[Price] = []
        self.coupons: list[Coupon] = []
        self._journals: dict[str, Journal] = {}

    def account(self, name: str, country: str = "US", currency: str = "USD") -> Account:
        """Create an account."""
        made = Account(self._id("acct"), name, country, currency.lower(), self._start)
        self.accounts.append(made)
        self._journals[made.id] = Journal(
            made.id.partition("_")[2], self.shapes, enabled=self._events
        )
        return made

    def product(
        self, account: Account, name: str, at: datetime | None = None, *, livemode: bool = True
    ) -> Product:
        """Create a product."""
        when = self._catalog_time(at)
        made = Product(self._id("prod"), account, name, when, when, livemode)
        self.products.append(made)
        self._journals[account.id].emit("product.created", render.product(made), when)
        return made

    def price(
        self,
        product: Product,
        amount: Amount = 0,
        currency: str | None = None,
        interval: Interval = "month",
        count: int = 1,
        *,
        lookup_key: str | None = None,
        nickname: str | None = None,
        tiers: Sequence[Tier] = (),
        tiers_mode: Literal["graduated", "volume"] | None = None,
        transform: Transform | None = None,
        metered: bool = False,
        currency_options: dict[str, Amount] | None = None,
        tax_included: bool = False,
        replaces: Price | None = None,
        at: datetime | None = None,
    ) -> Price:
        """Create a price per unit and period; one that replaces another takes its lookup key.

        Amounts of a price never change, so nothing happens to those who pay the old one.
        """
        when = self._catalog_time(at)
        code = (currency or product.account.currency).lower()
        made = Price(
            self._id("price"),
            product,
            code,
            interval,
            count,
            when,
            when,
            tiers=tuple(tiers),
            tiers_mode=(tiers_mode or "graduated") if tiers else None,
            transform=transform,
            metered=metered,
            lookup_key=lookup_key,
            nickname=nickname,
            tax_included=tax_included,
        )
        if not tiers:
            made.unit_amounts[code] = to_minor(amount, code)
            for other, value in (currency_options or {}).items():
                made.unit_amounts[other.lower()] = to_minor(value, other.lower())
        if replaces is not None:
            made.lookup_key = made.lookup_key or replaces.lookup_key
            replaces.lookup_key, replaces.active = None, False
            self._tell_price(replaces, "updated", when)
        self.prices.append(made)
        self._tell_price(made, "created", when)
        return made

    def delete_product(self, product: Product, at: datetime) -> None:
        """Delete a product with its prices: the landing drops the rows."""
        when = self._catalog_time(at)
        product.deleted, product.updated = True, when
        journal = self._journals[product.account.id]
        for price in self.prices:
            if price.product is product:
                price.active, price.rendered = False, {}
                shape = self.shapes.at(when)
                journal.emit("plan.deleted", render.plan(price, shape), when)
                journal.emit("price.deleted", render.price(price, shape), when)
        journal.emit("product.deleted", render.product(product), when)

    def coupon(
        self,
        account: Account,
        name: str,
        *,
        percent_off: Amount | None = None,
        amount_off: Amount | None = None,
        currency: str | None = None,
        duration: Duration = "forever",
        months: int | None = None,
        products: Sequence[Product] = (),
        currency_options: dict[str, Amount] | None = None,
        at: datetime | None = None,
    ) -> Coupon:
        """Create a coupon: a percentage, or an amount per invoice in one currency.

        With products it takes from their items only.
        """
        if (percent_off is None) == (amount_off is None):
            message = "a coupon is either a percentage or an amount"
            raise ValueError(message)
        if (duration == "repeating") != (months is not None):
            message = "a repeating coupon, and no other, lasts some months"
            raise ValueError(message)
        when = self._catalog_time(at)
        code = (currency or account.currency).lower() if amount_off is not None else None
        made = Coupon(
            self._id("co"),
            account,
            name,
            duration,
            when,
            when,
            None if percent_off is None else Decimal(percent_off),
            None if amount_off is None else rounded(to_minor(amount_off, code or "")),
            code,
            months,
            tuple(products),
            {
                other.lower(): rounded(to_minor(value, other.lower()))
                for other, value in (currency_options or {}).items()
            },
        )
        self.coupons.append(made)
        self._journals[account.id].emit("coupon.created", render.coupon(made), when)
        return made

    def delete_coupon(self, coupon: Coupon, at: datetime) -> None:
        """Delete a coupon: who holds it keeps it."""
        when = self._catalog_time(at)
        coupon.deleted, coupon.updated = True, when
        journal = self._journals[coupon.account.id]
        journal.emit("coupon.deleted", render.coupon(coupon), when)

    def catalog_events(self) -> list[Doc]:
        """Return the events of the catalogue, account by account."""
        return [event for account in self.accounts for event in self._journals[account.id].events]

    def _catalog_time(self, at: datetime | None) -> int:
        return self._start if at is None else instant(at)

    def _tell_price(self, price: Price, kind: str, when: int) -> None:
        price.rendered, price.updated = {}, when
        journal, shape = self._journals[price.account.id], self.shapes.at(when)
        journal.emit(f"plan.{kind}", render.plan(price, shape), when)
        journal.emit(f"price.{kind}", render.price(price, shape), when)

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{self._random.getrandbits(64):016x}"
