"""What the simulator knows beside the rows: handles that refer to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Literal

from tidemill_cli.demo.killbill.catalog import Phase, Plan, Version
from tidemill_cli.demo.killbill.rows import Row

Policy = Literal["IMMEDIATE", "END_OF_TERM"]
# The system's own tags have fixed ids, and no definition.
TAGS = {
    "AUTO_PAY_OFF": 1,
    "AUTO_INVOICING_OFF": 2,
    "OVERDUE_ENFORCEMENT_OFF": 3,
    "WRITTEN_OFF": 4,
    "MANUAL_PAY": 5,
    "TEST": 6,
    "PARTNER": 7,
    "AUTO_INVOICING_DRAFT": 8,
    "AUTO_INVOICING_REUSE_DRAFT": 9,
}
_DIGITS = {"JPY": 0, "KRW": 0, "BHD": 3, "KWD": 3}
_NINE = Decimal("0.000000001")


def digits(currency: str) -> int:
    """Return how many decimals a currency has."""
    return _DIGITS.get(currency, 2)


@dataclass(eq=False)
class Override:
    """A plan of the catalog at prices of one's own."""

    name: str
    parent: str
    # Phase number -> what recurs.
    prices: dict[int, Decimal]
    currency: str


@dataclass(eq=False)
class Tenant:
    """One company, with its catalogs."""

    row: Row
    versions: list[Version] = field(default_factory=list)
    overrides: dict[str, Override] = field(default_factory=dict)

    @property
    def record_id(self) -> int:
        """Return what rows refer to it by."""
        return _number(self.row)


@dataclass(eq=False)
class Account:
    """One customer, and what is billed to it."""

    tenant: Tenant
    row: Row
    currency: str
    offset: timedelta
    reference: datetime
    tax_rate: Decimal = Decimal(0)
    tags: set[str] = field(default_factory=set)
    parent: "Account | None" = None
    pays: bool = True
    has_method: bool = True
    bundles: list["Bundle"] = field(default_factory=list)
    subscriptions: list["Subscription"] = field(default_factory=list)
    invoices: list["Invoice"] = field(default_factory=list)
    credit: Decimal = Decimal(0)
    billing_day: int = 0
    overdue: str = ""
    overdue_tag: Row | None = None
    # Whether its tenant has configured what happens to those who do not pay.
    dunned: bool = False
    planned_runs: set[date] = field(default_factory=set)
    blocked: list["Block"] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Return the account's UUID."""
        return str(self.row["id"])

    @cached_property
    def keys(self) -> dict[str, object]:
        """Return what every row of the account has."""
        return {
            "account_record_id": self.row["record_id"],
            "tenant_record_id": self.tenant.record_id,
        }

    def local(self, when: datetime) -> date:
        """Return the account's day at an instant."""
        return (when + self.offset).date()

    def instant(self, day: date) -> datetime:
        """Return when a day's billing happens: at the time of day of the reference time."""
        local = (self.reference + self.offset).timetz()
        return datetime.combine(day, local) - self.offset

    def rounded(self, amount: Decimal) -> Decimal:
        """Round to what can be paid, half up."""
        return amount.quantize(Decimal(1).scaleb(-digits(self.currency)), "ROUND_HALF_UP")


@dataclass(eq=False)
class Bundle:
    """A base subscription and its add-ons."""

    account: Account
    row: Row
    key: str
    blocked: list["Block"] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Return the bundle's UUID."""
        return str(self.row["id"])


@dataclass(eq=False)
class Block:
    """A blocking state that says whether billing stops."""

    row: Row
    at: datetime
    service: str
    stops_billing: bool


@dataclass(eq=False)
class Event:
    """A subscription event; its row says whether it still counts."""

    row: Row
    kind: str
    at: datetime
    plan: str = ""
    # Number of the phase in its plan.
    phase: int = -1
    quantity: int = 0
    billing_day: int = 0

    @property
    def active(self) -> bool:
        """Tell whether nothing has taken its place."""
        return self.row["is_active"] is True


@dataclass(eq=False)
class Subscription:
    """A subscription of its own, or one that comes with a base."""

    bundle: Bundle
    row: Row
    category: str
    # What the phases of plans are counted from.
    aligned_at: datetime
    events: list[Event] = field(default_factory=list)
    blocked: list[Block] = field(default_factory=list)
    entitlement_end: Row | None = None
    # When it was moved here in a trial, if it was.
    moved_at: datetime | None = None
    items: list["Item"] = field(default_factory=list)
    used: list[tuple[datetime, int]] = field(default_factory=list)
    # What was done from this day on is not billed yet.
    dirty_from: date | None = None
    # When to look at it again, and whether there is anything to look at.
    again: date | None = None
    # Its own day of the month, where billing is not aligned with the account's.
    own_billing_day: int = 0
    once_billed: set[tuple[str, date]] = field(default_factory=set)
    used_billed: set[tuple[date, date]] = field(default_factory=set)

    @property
    def id(self) -> str:
        """Return the subscription's UUID."""
        return str(self.row["id"])

    @property
    def account(self) -> Account:
        """Return whose it is."""
        return self.bundle.account

    @property
    def charged_through(self) -> datetime | None:
        """Return the end of what is billed."""
        found = self.row["charged_through_date"]
        return found if isinstance(found, datetime) else None

    def mark(self, day: date) -> None:
        """Say that what is billed from a day on may have changed."""
        self.dirty_from = day if self.dirty_from is None else min(self.dirty_from, day)


@dataclass(eq=False)
class Item:
    """A billed item that can be repaired: the parts of its time that still count."""

    row: Row
    invoice: "Invoice"
    start: date
    end: date
    amount: Decimal
    rate: Decimal
    key: tuple[object, ...]
    live: list[tuple[date, date]]
    # What repairs and adjustments have taken of the amount.
    taken: Decimal = Decimal(0)

    @property
    def left(self) -> Decimal:
        """Return what there still is to take."""
        return self.amount - self.taken


@dataclass(eq=False)
class Invoice:
    """An invoice with all its items' rows."""

    account: Account
    row: Row
    rows: list[Row] = field(default_factory=list)
    paid: Decimal = Decimal(0)
    payments: list["Payment"] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Return the invoice's UUID."""
        return str(self.row["id"])

    @property
    def status(self) -> str:
        """Return DRAFT, COMMITTED or VOID."""
        return str(self.row["status"])

    @property
    def balance(self) -> Decimal:
        """Return what is still to be paid."""
        if self.status != "COMMITTED" or self.row["migrated"]:
            return Decimal(0)
        return total(self.rows) - self.paid


@dataclass(eq=False)
class Payment:
    """A payment of an invoice that succeeded."""

    row: Row
    attempt: Row
    invoice: Invoice
    amount: Decimal
    refunded: Decimal = Decimal(0)


def total(rows: Sequence[Row]) -> Decimal:
    """Return the sum of items."""
    return sum((_amount(row) for row in rows), Decimal(0))


def share(amount: Decimal, days: int, of: int) -> Decimal:
    """Return what some days of a period cost, as exactly as Kill Bill reckons."""
    return amount * (Decimal(days) / Decimal(of)).quantize(_NINE, "ROUND_HALF_UP")


def phase_of(plan: Plan, number: int) -> Phase:
    """Return a phase of a plan by its number; a version may have fewer than another."""
    return plan.phases[min(number, len(plan.phases) - 1)]


def _amount(row: Row) -> Decimal:
    amount = row["amount"]
    return amount if isinstance(amount, Decimal) else Decimal(str(amount))


def _number(row: Row) -> int:
    number = row["record_id"]
    return number if isinstance(number, int) else int(str(number))
