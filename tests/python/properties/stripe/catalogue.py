"""The small fixed catalogue and the customers of the random Stripe histories.

A customer of Stripe pays in one currency. Every price exists in each of them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from tidemill_cli.demo.stripe.catalog import Duration, Tier, Transform
from tidemill_cli.demo.stripe.clock import Interval

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 270
SLOTS = 2


@dataclass(frozen=True)
class PriceSpec:
    """A price as it is created, in dollars."""

    amount: str
    interval: Interval = "month"
    count: int = 1
    product: str = "Core"
    transform: Transform | None = None
    metered: bool = False
    is_named: bool = True
    tiers: tuple[Tier, ...] = ()
    tiers_mode: Literal["graduated", "volume"] | None = None
    tax_included: bool = False
    # One price in every currency, or one in each.
    is_shared: bool = False


PRICES = {
    "basic": PriceSpec("50"),
    "pro": PriceSpec("120"),
    "seat": PriceSpec("10", product="Seats"),
    "pack": PriceSpec("30", product="Seats", transform=Transform(5)),
    "floor": PriceSpec("8", product="Extras", transform=Transform(3, "down"), is_named=False),
    "free": PriceSpec("0", product="Extras"),
    "usage": PriceSpec("0.4", product="Extras", metered=True),
    "week": PriceSpec("12", "week"),
    "fortnight": PriceSpec("20", "week", 2, product="Seats"),
    "day": PriceSpec("2", "day", 10),
    "quarter": PriceSpec("240", count=3),
    "half": PriceSpec("480", count=6, product="Seats"),
    "year": PriceSpec("1200", "year"),
    "gross": PriceSpec("60", tax_included=True),
    "world": PriceSpec("35", product="Extras", is_shared=True),
    "steps": PriceSpec(
        "0",
        product="Seats",
        tiers=(Tier(5, "10"), Tier(None, "8")),
        tiers_mode="graduated",
    ),
    "bulk": PriceSpec(
        "0",
        product="Seats",
        tiers=(Tier(4, "9", "15"), Tier(None, "7")),
        tiers_mode="volume",
    ),
    "year_seat": PriceSpec("100", "year", product="Seats"),
}

# What one dollar of the catalogue is in each currency: no minor unit, two digits, and three.
WORTH = {"usd": Decimal(1), "jpy": Decimal(100), "kwd": Decimal("0.5")}


@dataclass(frozen=True)
class CouponSpec:
    """A coupon as it is created: a percentage, or an amount in dollars."""

    percent_off: str | None = None
    amount_off: str | None = None
    duration: Duration = "forever"
    months: int | None = None
    # The only product that it is for.
    product: str | None = None


COUPONS = {
    "quarter_off": CouponSpec("25"),
    "tenth_off": CouponSpec("10"),
    "all_off": CouponSpec("100"),
    "twenty_off": CouponSpec(amount_off="20"),
    "core_fifth": CouponSpec("20", product="Core"),
    "seats_six": CouponSpec(amount_off="6", product="Seats"),
    "once_half": CouponSpec("50", duration="once"),
    "once_five": CouponSpec(amount_off="5", duration="once"),
    "two_months": CouponSpec("20", duration="repeating", months=2),
    "ten_for_three": CouponSpec(amount_off="10", duration="repeating", months=3),
}


@dataclass(frozen=True)
class CustomerSpec:
    """A customer as it is created."""

    currency: str
    country: str | None = None
    tax_rate: int = 0


CUSTOMERS = (
    CustomerSpec("usd", "US"),
    CustomerSpec("usd", "DE", tax_rate=20),
    CustomerSpec("jpy", "JP"),
    CustomerSpec("kwd"),
)
