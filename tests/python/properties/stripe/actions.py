"""What can happen in Stripe Billing, as data: one class per action, each with its instant.

A customer and one of its slots name a subscription: the last one that was made there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tidemill_cli.demo.stripe.model import AfterRetries, MissingCard, PauseBehavior, Proration


@dataclass(frozen=True)
class Subscribe:
    """A customer subscribes to prices, given with their quantities."""

    at: datetime
    customer: int
    slot: int
    items: tuple[tuple[str, int], ...]
    trial_days: int = 0
    missing_card: MissingCard = "create_invoice"
    starts_ago: timedelta = timedelta(0)
    anchored_in: timedelta | None = None
    coupons: tuple[str, ...] = ()
    days_until_due: int | None = None
    after_retries: AfterRetries = "cancel"
    flexible: bool = False
    itemized: bool = False
    cancels_in: timedelta | None = None


@dataclass(frozen=True)
class ChangePrice:
    """An item gets another price; when that has another interval, all items get it."""

    at: datetime
    customer: int
    slot: int
    item: int
    price: str
    quantity: int | None = None
    proration: Proration = "create_prorations"
    new_item: bool = False


@dataclass(frozen=True)
class SetQuantity:
    """An item gets another quantity."""

    at: datetime
    customer: int
    slot: int
    item: int
    quantity: int
    proration: Proration = "create_prorations"


@dataclass(frozen=True)
class AddItem:
    """A subscription bills one price more."""

    at: datetime
    customer: int
    slot: int
    price: str
    quantity: int
    proration: Proration = "create_prorations"


@dataclass(frozen=True)
class RemoveItem:
    """A subscription bills one price less."""

    at: datetime
    customer: int
    slot: int
    item: int
    proration: Proration = "create_prorations"


@dataclass(frozen=True)
class Cancel:
    """A subscription ends now."""

    at: datetime
    customer: int
    slot: int
    reason: str = "cancellation_requested"


@dataclass(frozen=True)
class PlanEnd:
    """A subscription is to end: with its period (None), or some time from now."""

    at: datetime
    customer: int
    slot: int
    ends_in: timedelta | None = None


@dataclass(frozen=True)
class TakeBackEnd:
    """The planned end is taken back."""

    at: datetime
    customer: int
    slot: int


@dataclass(frozen=True)
class Pause:
    """Payments are not collected for some time."""

    at: datetime
    customer: int
    slot: int
    behavior: PauseBehavior = "void"
    resumes_in: timedelta | None = None


@dataclass(frozen=True)
class Resume:
    """A pause of either kind ends."""

    at: datetime
    customer: int
    slot: int


@dataclass(frozen=True)
class MoveTrialEnd:
    """A trial ends at another time, or now."""

    at: datetime
    customer: int
    slot: int
    ends_in: timedelta


@dataclass(frozen=True)
class Use:
    """Some units of a metered price are used."""

    at: datetime
    customer: int
    slot: int
    units: int


@dataclass(frozen=True)
class PlanItems:
    """A schedule gives a subscription other items later."""

    at: datetime
    customer: int
    slot: int
    items: tuple[tuple[str, int], ...]
    starts_in: timedelta
    proration: Proration = "create_prorations"


@dataclass(frozen=True)
class PlanStart:
    """A schedule starts a subscription later."""

    at: datetime
    customer: int
    items: tuple[tuple[str, int], ...]
    starts_in: timedelta


@dataclass(frozen=True)
class Release:
    """What a schedule still plans is dropped."""

    at: datetime
    customer: int


@dataclass(frozen=True)
class GiveCoupon:
    """A coupon is given to a subscription, to one item of it, or to the customer (no slot)."""

    at: datetime
    customer: int
    slot: int | None
    coupon: str
    item: int | None = None


@dataclass(frozen=True)
class TakeCoupon:
    """One of the discounts that a customer holds is taken away."""

    at: datetime
    customer: int
    index: int


@dataclass(frozen=True)
class SetCard:
    """A card is declined, works, goes or comes."""

    at: datetime
    customer: int
    present: bool = True
    failing: bool = False


@dataclass(frozen=True)
class PayInvoice:
    """The customer's oldest invoice that is not paid is paid."""

    at: datetime
    customer: int


@dataclass(frozen=True)
class GiveUpInvoice:
    """The customer's oldest open invoice is voided, or marked uncollectible."""

    at: datetime
    customer: int
    voided: bool = True


@dataclass(frozen=True)
class GiveBack:
    """A share of the customer's last invoice is given back, with a credit note or without."""

    at: datetime
    customer: int
    percent: int = 100
    credit_note: bool = False


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
class Capture:
    """A scheduled run captures the subscriptions as they are."""

    at: datetime


Action = (
    Subscribe
    | ChangePrice
    | SetQuantity
    | AddItem
    | RemoveItem
    | Cancel
    | PlanEnd
    | TakeBackEnd
    | Pause
    | Resume
    | MoveTrialEnd
    | Use
    | PlanItems
    | PlanStart
    | Release
    | GiveCoupon
    | TakeCoupon
    | SetCard
    | PayInvoice
    | GiveUpInvoice
    | GiveBack
    | ChangeCountry
    | DeleteCustomer
    | Capture
)
