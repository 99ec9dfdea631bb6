"""What can happen in Kill Bill, as data: one class per action, each with its instant.

A customer and one of its slots name a subscription: the last one that was made there.
"""

from dataclasses import dataclass
from datetime import datetime

from tidemill_cli.demo.killbill.model import Policy


@dataclass(frozen=True)
class Subscribe:
    """A customer subscribes to a plan, perhaps at a price of its own, perhaps in some days."""

    at: datetime
    customer: int
    slot: int
    plan: str
    quantity: int = 1
    own_price: int | None = None
    starts_in: int = 0


@dataclass(frozen=True)
class AddOn:
    """A customer adds what comes with a plan."""

    at: datetime
    customer: int
    slot: int
    plan: str
    quantity: int = 1


@dataclass(frozen=True)
class ChangePlan:
    """A subscription gets another plan, now or with the next period."""

    at: datetime
    customer: int
    slot: int
    plan: str
    policy: Policy = "IMMEDIATE"
    own_price: int | None = None


@dataclass(frozen=True)
class UndoChange:
    """The change that was to come does not."""

    at: datetime
    customer: int
    slot: int


@dataclass(frozen=True)
class SetQuantity:
    """A subscription (or its add-on) has another number of units, now or with the next period."""

    at: datetime
    customer: int
    slot: int
    quantity: int
    of_add_on: bool = False
    policy: Policy = "IMMEDIATE"


@dataclass(frozen=True)
class Cancel:
    """A subscription (or its add-on) ends: its bills and its access, each by a policy."""

    at: datetime
    customer: int
    slot: int
    entitlement: Policy = "IMMEDIATE"
    billing: Policy = "IMMEDIATE"
    of_add_on: bool = False


@dataclass(frozen=True)
class Uncancel:
    """The end that was to come does not."""

    at: datetime
    customer: int
    slot: int


@dataclass(frozen=True)
class Pause:
    """A bundle is paused, or goes on."""

    at: datetime
    customer: int
    slot: int


@dataclass(frozen=True)
class Stop:
    """Some service of the user's stops the bills of an account, or lets them go on."""

    at: datetime
    customer: int


@dataclass(frozen=True)
class Owe:
    """An account is in debt, or not any more; debts may stop the bills too."""

    at: datetime
    customer: int
    stops: bool = False


@dataclass(frozen=True)
class Move:
    """A bundle goes to a new account."""

    at: datetime
    customer: int
    slot: int
    country: str
    at_once: bool = False


@dataclass(frozen=True)
class ChangeCountry:
    """A customer goes to another country."""

    at: datetime
    customer: int
    country: str


@dataclass(frozen=True)
class BillOn:
    """A subscription is billed on another day of the month."""

    at: datetime
    customer: int
    slot: int
    day: int


@dataclass(frozen=True)
class Noise:
    """Something that costs or gives money and is no part of any subscription's price."""

    at: datetime
    customer: int
    slot: int
    kind: str


Action = (
    Subscribe
    | AddOn
    | ChangePlan
    | UndoChange
    | SetQuantity
    | Cancel
    | Uncancel
    | Pause
    | Stop
    | Owe
    | Move
    | ChangeCountry
    | BillOn
    | Noise
)
