"""What the simulator knows of one customer; rendered as Stripe's objects elsewhere.

Customers share nothing but the catalogue, so each is simulated on its own, in any order.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Literal

from tidemill_cli.demo.stripe.catalog import Account, Coupon, Price, Product

if TYPE_CHECKING:
    from tidemill_cli.demo.stripe.journal import Journal

Proration = Literal["create_prorations", "always_invoice", "none"]
PauseBehavior = Literal["void", "keep_as_draft", "mark_uncollectible"]
AfterRetries = Literal["cancel", "unpaid", "leave"]
MissingCard = Literal["create_invoice", "cancel", "pause"]

# What runs first of the jobs due at one instant.
ENDS, PHASES, PERIODS, INVOICES, PAYMENTS = range(5)


@dataclass(slots=True, eq=False)
class Discount:
    """A coupon as a customer, a subscription or one item of it holds it."""

    id: str
    coupon: Coupon
    start: int
    end: int | None = None
    # When the only invoice of a `once` coupon took it, or when it was taken away.
    gone_at: int | None = None
    subscription: "Subscription | None" = None
    item: "Item | None" = None

    def applies(self, when: int) -> bool:
        """Tell whether an invoice of an instant bears the discount."""
        return self.gone_at is None and (self.end is None or when < self.end)

    def is_for(self, product: Product) -> bool:
        """Tell whether the coupon takes from what is sold."""
        return not self.coupon.products or product in self.coupon.products


@dataclass(slots=True, eq=False)
class Trial:
    """A trial of one item: it has the price of the trial until its end, and then another."""

    start: int
    end: int
    then: Price
    # Whether nothing is billed, though the price of the trial may have an amount.
    free: bool


@dataclass(slots=True, eq=False)
class Item:
    """One price a subscription bills."""

    id: str
    subscription: "Subscription"
    price: Price
    quantity: int
    created: int
    updated: int
    period_start: int = 0
    period_end: int = 0
    discounts: list[Discount] = field(default_factory=list)
    # Usage of a metered price: (when, units).
    used: list[tuple[int, int]] = field(default_factory=list)
    trial: Trial | None = None
    deleted: bool = False

    @property
    def gross(self) -> int:
        """Return what a whole period costs before discounts."""
        if self.price.metered or (self.trial is not None and self.trial.free):
            return 0
        return self.price.amount(self.quantity, self.subscription.currency)


@dataclass(slots=True, eq=False)
class Line:
    """One line of an invoice, or one that waits for the next invoice."""

    id: str
    description: str
    amount: int
    start: int
    end: int
    quantity: int = 1
    subscription: "Subscription | None" = None
    item: Item | None = None
    price: Price | None = None
    proration: bool = False
    discountable: bool = True
    # What an item of the customer's pending ones became.
    invoice_item: str | None = None
    discounts: list[tuple[Discount, int]] = field(default_factory=list)
    tax: int = 0

    @property
    def net(self) -> int:
        """Return the amount after discounts."""
        return self.amount - sum(amount for _, amount in self.discounts)

    @property
    def tax_included(self) -> bool:
        """Tell whether the tax is in the amount."""
        return self.price is not None and self.price.tax_included

    @property
    def untaxed(self) -> int:
        """Return the amount after discounts, without tax."""
        return self.net - self.tax if self.tax_included else self.net


@dataclass(slots=True, eq=False)
class Charge:
    """An attempt to take money."""

    id: str
    payment_intent: str
    invoice: "Invoice"
    amount: int
    created: int
    updated: int
    paid: bool
    amount_refunded: int = 0


@dataclass(slots=True, eq=False)
class Refund:
    """Money given back."""

    id: str
    charge: Charge
    amount: int
    created: int


@dataclass(slots=True, eq=False)
class CreditNote:
    """A correction of a finalized invoice."""

    id: str
    invoice: "Invoice"
    number: str
    created: int
    # (id, invoice line, amount without tax, tax)
    lines: list[tuple[str, Line, int, int]]
    refund: Refund | None = None
    to_balance: bool = False
    pre_payment: bool = False

    @property
    def subtotal(self) -> int:
        """Return what is credited before tax."""
        return sum(amount for _, _, amount, _ in self.lines)

    @property
    def tax(self) -> int:
        """Return the tax that is credited."""
        return sum(tax for _, _, _, tax in self.lines)


@dataclass(slots=True, eq=False)
class Invoice:
    """An invoice."""

    id: str
    customer: "Customer"
    subscription: "Subscription | None"
    reason: str
    created: int
    updated: int
    currency: str
    period_start: int
    period_end: int
    lines: list[Line]
    collection_method: str = "charge_automatically"
    status: Literal["draft", "open", "paid", "void", "uncollectible"] = "draft"
    number: str | None = None
    auto_advance: bool = True
    attempt_count: int = 0
    next_attempt: int | None = None
    due_date: int | None = None
    finalized_at: int | None = None
    paid_at: int | None = None
    voided_at: int | None = None
    uncollectible_at: int | None = None
    starting_balance: int = 0
    ending_balance: int | None = None
    amount_paid: int = 0
    pre_payment_credit: int = 0
    post_payment_credit: int = 0
    charge: Charge | None = None
    credit_notes: list[CreditNote] = field(default_factory=list)

    @property
    def subtotal(self) -> int:
        """Return the amount before discounts and tax."""
        return sum(line.amount for line in self.lines)

    @property
    def net(self) -> int:
        """Return the amount after discounts, without tax."""
        return sum(line.untaxed for line in self.lines)

    @property
    def tax(self) -> int:
        """Return the tax, be it in the amounts or on top."""
        return sum(line.tax for line in self.lines)

    @property
    def total(self) -> int:
        """Return the amount with tax."""
        return self.net + self.tax

    @property
    def amount_due(self) -> int:
        """Return what is to be paid: the customer's balance is used first."""
        return max(0, self.total + self.starting_balance - self.pre_payment_credit)


@dataclass(slots=True, eq=False)
class Phase:
    """A part of a schedule; the first one describes what was there before."""

    start: int
    end: int
    items: list[tuple[Price, int]]
    currency: str
    proration: Proration = "create_prorations"
    # What the subscription, and its items by price, will have: discounts that they hold already, or
    # coupons to be given then.
    discounts: list[Discount | Coupon] = field(default_factory=list)
    item_discounts: dict[str, list[Discount | Coupon]] = field(default_factory=dict)
    trial_end: int | None = None


@dataclass(slots=True, eq=False)
class Schedule:
    """Changes of a subscription, or its start, planned ahead."""

    id: str
    customer: "Customer"
    created: int
    updated: int
    phases: list[Phase]
    subscription: "Subscription | None" = None
    status: Literal["not_started", "active", "completed", "released", "canceled"] = "active"
    current: Phase | None = None
    released_at: int | None = None
    canceled_at: int | None = None
    released_subscription: str | None = None


@dataclass(slots=True, eq=False)
class Subscription:
    """A subscription."""

    id: str
    customer: "Customer"
    currency: str
    created: int
    updated: int
    start_date: int
    anchor: int
    status: str = "active"
    items: list[Item] = field(default_factory=list)
    removed: list[Item] = field(default_factory=list)
    discounts: list[Discount] = field(default_factory=list)
    collection_method: Literal["charge_automatically", "send_invoice"] = "charge_automatically"
    days_until_due: int | None = None
    flexible: bool = False
    itemized: bool = False
    trial_start: int | None = None
    trial_end: int | None = None
    missing_card: MissingCard = "create_invoice"
    after_retries: AfterRetries = "cancel"
    cancel_at: int | None = None
    cancel_at_period_end: bool = False
    canceled_at: int | None = None
    ended_at: int | None = None
    cancel_reason: str | None = None
    cancel_feedback: str | None = None
    pause: tuple[PauseBehavior, int | None] | None = None
    latest_invoice: Invoice | None = None
    schedule: Schedule | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    # Proration lines that wait for the next invoice.
    pending: list[Line] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Tell whether nothing can happen to it any more."""
        return self.status in ("canceled", "incomplete_expired")

    @property
    def bills(self) -> bool:
        """Tell whether its periods follow one another."""
        return self.status in ("active", "past_due", "unpaid")

    @property
    def item(self) -> Item:
        """Return the only item, or the first."""
        return self.items[0]

    @property
    def period_start(self) -> int:
        """Return the latest start of a running period."""
        return max(item.period_start for item in self.items)

    @property
    def period_end(self) -> int:
        """Return the first end of a running period."""
        return min(item.period_end for item in self.items)


@dataclass(slots=True, eq=False)
class Customer:
    """A customer, with a clock that runs forwards and the jobs that wait."""

    account: Account
    journal: "Journal"
    random: Random
    id: str
    created: int
    updated: int
    now: int
    name: str | None = None
    email: str | None = None
    country: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    livemode: bool = True
    tax_rate: int = 0
    has_card: bool = True
    # Attempts to charge the card fail while set.
    failing: bool = False
    # After how many days invoices that were sent are paid; None: never.
    pays_after: int | None = 0
    currency: str | None = None
    # Below zero is credit.
    balance: int = 0
    discount: Discount | None = None
    deleted: bool = False
    subscriptions: list[Subscription] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    credit_notes: list[CreditNote] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    # Items that are not of a subscription and wait for an invoice.
    pending: list[Line] = field(default_factory=list)
    sequence: int = 0
    _jobs: list[tuple[int, int, int, Callable[[int], None]]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    @property
    def prefix(self) -> str:
        """Return the customer's part of invoice numbers."""
        return self.id[-8:].upper()

    @property
    def live(self) -> list[Subscription]:
        """Return the subscriptions that are not over."""
        return [s for s in self.subscriptions if not s.is_over]

    def new_id(self, prefix: str) -> str:
        """Return an id nobody else has."""
        return f"{prefix}_{self.random.getrandbits(80):020x}"

    def plan_job(self, when: int, order: int, job: Callable[[int], None]) -> None:
        """Run a job at an instant; it looks for itself whether it still has something to do."""
        heappush(self._jobs, (when, order, next(self._order), job))

    def advance(self, when: int) -> None:
        """Let time pass: run every job due by an instant."""
        if when < self.now:
            message = "a customer's clock runs forwards only"
            raise ValueError(message)
        while self._jobs and self._jobs[0][0] <= when:
            due, _, _, job = heappop(self._jobs)
            self.now = due
            job(due)
        self.now = when
