"""Accounts, products, prices and coupons, and what a quantity of a price costs."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from tidemill_cli.demo.stripe.clock import Interval

Amount = Decimal | int | str
Duration = Literal["once", "repeating", "forever"]

# The digits of the amounts the API takes. UGX and ISK have no minor unit but two digits here.
_ZERO_DECIMAL = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf"}
_ZERO_DECIMAL |= {"vnd", "vuv", "xaf", "xof", "xpf"}
_THREE_DECIMAL = {"bhd", "jod", "kwd", "omr", "tnd"}
_ONE = Decimal(1)


def digits(currency: str) -> int:
    """Return how many digits an amount of a currency has after the point."""
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def to_minor(amount: Amount, currency: str) -> Decimal:
    """Return an amount in major units in the API's units, which may be fractions."""
    return Decimal(amount).scaleb(digits(currency))


def rounded(amount: Decimal) -> int:
    """Round half away from zero, as amounts of invoice lines are."""
    return int(amount.quantize(_ONE, ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Tier:
    """Up to how many units (None: any more), for how much each, and for all together."""

    up_to: int | None
    unit_amount: Amount = 0
    flat_amount: Amount = 0


@dataclass(frozen=True, slots=True)
class Transform:
    """Sell units in packages."""

    divide_by: int
    round: Literal["up", "down"] = "up"

    def apply(self, quantity: int) -> int:
        """Return how many packages a quantity takes."""
        packages, rest = divmod(quantity, self.divide_by)
        return packages + (1 if rest and self.round == "up" else 0)


@dataclass(slots=True)
class Account:
    """One Stripe account: nothing is shared between two."""

    id: str
    name: str
    country: str
    currency: str
    created: int
    customers: int = 0


@dataclass(slots=True)
class Product:
    """What is sold."""

    id: str
    account: Account
    name: str
    created: int
    updated: int
    livemode: bool = True
    deleted: bool = False


@dataclass(slots=True, eq=False)
class Price:
    """What a product costs: amounts never change, a new price replaces it."""

    id: str
    product: Product
    currency: str
    interval: Interval
    count: int
    created: int
    updated: int
    # By currency, in the API's units; empty for tiers.
    unit_amounts: dict[str, Decimal] = field(default_factory=dict)
    tiers: tuple[Tier, ...] = ()
    tiers_mode: Literal["graduated", "volume"] | None = None
    transform: Transform | None = None
    metered: bool = False
    lookup_key: str | None = None
    nickname: str | None = None
    # Whether its amounts include tax.
    tax_included: bool = False
    active: bool = True
    # Rendered plans and prices, which lines and items repeat.
    rendered: dict[str, dict[str, object]] = field(default_factory=dict)

    @property
    def account(self) -> Account:
        """Return whose price it is."""
        return self.product.account

    @property
    def cadence(self) -> tuple[Interval, int]:
        """Return how often it is billed."""
        return self.interval, self.count

    def exact(self, quantity: int, currency: str) -> Decimal:
        """Return what a quantity costs per period, in the API's units."""
        if self.transform is not None:
            quantity = self.transform.apply(quantity)
        if not self.tiers:
            return self.unit_amounts[currency] * quantity
        if self.tiers_mode == "volume":
            for tier in self.tiers:
                if tier.up_to is None or quantity <= tier.up_to:
                    each = to_minor(tier.unit_amount, currency)
                    return each * quantity + to_minor(tier.flat_amount, currency)
        total, below = Decimal(0), 0
        for tier in self.tiers:
            if quantity <= below and below:
                break
            top = quantity if tier.up_to is None else min(quantity, tier.up_to)
            total += to_minor(tier.unit_amount, currency) * (top - below)
            total += to_minor(tier.flat_amount, currency)
            below = top
            if below == quantity:
                break
        return total

    def amount(self, quantity: int, currency: str) -> int:
        """Return what a quantity costs per period, as an invoice line says it."""
        return rounded(self.exact(quantity, currency))


@dataclass(slots=True, eq=False)
class Coupon:
    """A percentage, or an amount per invoice."""

    id: str
    account: Account
    name: str
    duration: Duration
    created: int
    updated: int
    percent_off: Decimal | None = None
    amount_off: int | None = None
    currency: str | None = None
    months: int | None = None
    # What it takes from; nothing: from everything.
    products: tuple[Product, ...] = ()
    # An amount off in other currencies than its own.
    amounts_off: dict[str, int] = field(default_factory=dict)
    livemode: bool = True
    deleted: bool = False

    def off(self, currency: str) -> int:
        """Return the amount it takes off an invoice in a currency."""
        return self.amounts_off.get(currency, self.amount_off or 0)
