"""What can happen in a billing engine, as data: one class per action, each with its instant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True)
class Subscribe:
    """A customer subscribes; `starts_in` back-dates or postpones the start."""

    at: datetime
    customer: int
    slot: int
    plan: str
    billing_time: Literal["calendar", "anniversary"] = "calendar"
    starts_in: timedelta = timedelta(0)
    ends_in: timedelta | None = None
    units: int | None = None
    gated: Literal["succeeds", "fails"] | None = None
    keeps_external_id: bool = True


@dataclass(frozen=True)
class ChangePlan:
    """A subscription changes plan, at once or at its next billing day."""

    at: datetime
    customer: int
    slot: int
    plan: str


@dataclass(frozen=True)
class Terminate:
    """A subscription is ended now."""

    at: datetime
    customer: int
    slot: int


@dataclass(frozen=True)
class ScheduleEnd:
    """An end is planned, or with None taken back."""

    at: datetime
    customer: int
    slot: int
    ends_in: timedelta | None


@dataclass(frozen=True)
class OverridePrice:
    """One subscription gets a price of its own."""

    at: datetime
    customer: int
    slot: int
    amount: Decimal


@dataclass(frozen=True)
class EditPlanPrice:
    """The price of the plan a subscription is on is edited in place, for all its subscriptions."""

    at: datetime
    customer: int
    slot: int
    amount: Decimal


@dataclass(frozen=True)
class EditSeatPrice:
    """The price of the plan's first fixed charge is edited in place."""

    at: datetime
    customer: int
    slot: int
    amount: Decimal


@dataclass(frozen=True)
class DeletePlan:
    """The plan a subscription is on is deleted, and all its subscriptions end."""

    at: datetime
    customer: int
    slot: int


@dataclass(frozen=True)
class GiveCoupon:
    """A coupon is given to a customer."""

    at: datetime
    customer: int
    coupon: str


@dataclass(frozen=True)
class TakeCoupon:
    """One of a customer's coupons is taken away."""

    at: datetime
    customer: int
    index: int


@dataclass(frozen=True)
class SetUnits:
    """The units of a subscription's first fixed charge change, now or from the next period on."""

    at: datetime
    customer: int
    slot: int
    units: int
    immediately: bool = True


@dataclass(frozen=True)
class ChangeCountry:
    """A customer moves."""

    at: datetime
    customer: int
    country: str


@dataclass(frozen=True)
class DeleteCustomer:
    """A customer is deleted."""

    at: datetime
    customer: int


@dataclass(frozen=True)
class VoidInvoice:
    """The customer's last invoice is voided, perhaps to be written again."""

    at: datetime
    customer: int
    regenerate: bool


@dataclass(frozen=True)
class DisputeInvoice:
    """A dispute over the customer's last invoice is lost."""

    at: datetime
    customer: int


@dataclass(frozen=True)
class Capture:
    """A scheduled run captures what the engine keeps no history of."""

    at: datetime


Action = (
    Subscribe
    | ChangePlan
    | Terminate
    | ScheduleEnd
    | OverridePrice
    | EditPlanPrice
    | EditSeatPrice
    | DeletePlan
    | GiveCoupon
    | TakeCoupon
    | SetUnits
    | ChangeCountry
    | DeleteCustomer
    | VoidInvoice
    | DisputeInvoice
    | Capture
)
