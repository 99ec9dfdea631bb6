"""The small fixed catalogue and the customers of the random histories."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from tidemill_cli.demo.lago.catalog import FixedCharge, UsageCharge

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 180

Interval = Literal["weekly", "monthly", "quarterly", "semiannual", "yearly"]
Frequency = Literal["once", "recurring", "forever"]

SEATS = FixedCharge("seats", amount="10", units=2)
PREPAID_SEATS = FixedCharge("seats", amount="12.5", units=1, pay_in_advance=True, prorated=True)
TIERED_SEATS = FixedCharge(
    "seats",
    units=3,
    charge_model="graduated",
    ranges=((0, 5, "10", "0"), (6, 10, "8", "5"), (11, None, "6.25", "0")),
)
# The last unit of its first range.
STORAGE = FixedCharge(
    "storage",
    units=5,
    charge_model="volume",
    ranges=((0, 5, "3", "1"), (6, None, "2", "0")),
)


@dataclass(frozen=True)
class PlanSpec:
    """A plan as it is created."""

    amount: str
    interval: Interval = "monthly"
    currency: str = "USD"
    pay_in_advance: bool = True
    trial_days: int = 0
    fixed_charges: tuple[FixedCharge, ...] = ()
    minimum_commitment: str | None = None
    bill_fixed_charges_monthly: bool = False
    usage_charges: tuple[UsageCharge, ...] = ()


PLANS = {
    "basic": PlanSpec("50"),
    "twin": PlanSpec("50"),
    "later": PlanSpec("80", pay_in_advance=False),
    "week": PlanSpec("10", "weekly", pay_in_advance=False),
    "quarter": PlanSpec("240", "quarterly"),
    "half": PlanSpec("480.60", "semiannual", pay_in_advance=False),
    "year": PlanSpec("1000", "yearly"),
    "trial": PlanSpec("60", trial_days=14),
    "trial_later": PlanSpec("70", trial_days=30, pay_in_advance=False),
    "free": PlanSpec("0"),
    "team": PlanSpec("20", fixed_charges=(SEATS,)),
    "team_trial": PlanSpec("25", trial_days=10, fixed_charges=(PREPAID_SEATS,)),
    "tiers": PlanSpec("15", fixed_charges=(TIERED_SEATS, STORAGE)),
    "year_seats": PlanSpec(
        "600", "yearly", fixed_charges=(SEATS,), bill_fixed_charges_monthly=True
    ),
    "minimum": PlanSpec("30", fixed_charges=(SEATS,), minimum_commitment="100"),
    "year_minimum": PlanSpec(
        "300",
        "yearly",
        trial_days=7,
        fixed_charges=(SEATS,),
        minimum_commitment="900",
        bill_fixed_charges_monthly=True,
    ),
    "yen": PlanSpec("1000", currency="JPY"),
    "euro": PlanSpec("45", currency="EUR"),
}


@dataclass(frozen=True)
class CouponSpec:
    """A coupon as it is created: a percentage, or an amount in a currency."""

    frequency: Frequency
    percentage: str | None = None
    amount: str | None = None
    currency: str | None = None
    duration: int | None = None
    plans: tuple[str, ...] = ()


COUPONS = {
    "third_forever": CouponSpec("forever", percentage="33.333"),
    "all_once": CouponSpec("once", percentage="100"),
    "fifth_three_times": CouponSpec("recurring", percentage="20", duration=3),
    "five_off": CouponSpec("forever", amount="5", currency="USD"),
    "seventy_twice": CouponSpec("recurring", amount="70", currency="USD", duration=2),
    "much_once": CouponSpec("once", amount="500", currency="USD"),
    "yen_off": CouponSpec("forever", amount="300", currency="JPY"),
    "half_of_basic": CouponSpec("forever", percentage="50", plans=("basic", "team")),
}


@dataclass(frozen=True)
class CustomerSpec:
    """A customer as it is created."""

    country: str | None
    timezone: str | None


CUSTOMERS = (
    CustomerSpec("DE", None),
    CustomerSpec("US", "America/New_York"),
    CustomerSpec(None, "Asia/Tokyo"),
)
SLOTS = 2
