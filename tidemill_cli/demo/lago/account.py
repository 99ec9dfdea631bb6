"""One customer's state: subscriptions, applied coupons, credit and invoices.

Customers share nothing but the catalogue, so each is simulated on its own, in any order.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from tidemill_cli.demo.lago.catalog import FREQUENCY_CODE, Coupon, Organization, Plan
from tidemill_cli.demo.lago.clock import NEVER, BillingCalendar, Period, Zone
from tidemill_cli.demo.lago.pricing import BillingTime
from tidemill_cli.demo.lago.rows import NULL, Rows, escape, moment, optional, position

PENDING, ACTIVE, TERMINATED, CANCELED, INCOMPLETE = range(5)

Gate = Literal["succeeds", "fails"]

_ZERO = Decimal(0)
_INVOICE_STATUS = position("invoices", "status")
_INVOICE_TOTAL = position("invoices", "total_amount_cents")
_INVOICE_CREDIT = position("invoices", "credit_notes_amount_cents")


@dataclass(slots=True)
class Fee:
    """One fee of an invoice being made."""

    subscription: "Subscription"
    kind: str
    amount: int
    properties: str
    precise: str
    details: str = "{}"
    units: str = "1"
    unit_amount: int = 0
    precise_unit: str = "0"
    source: tuple[str, str] = ("", "")
    charge_id: str = NULL
    fixed_charge_id: str = NULL
    # What was paid in advance: the period, the first day paid for, and the price of a whole period.
    period: Period | None = None
    first_day: int = 0
    price: int = 0
    coupons: Decimal = _ZERO
    id: str = ""
    invoice: "Invoice | None" = None


@dataclass(slots=True)
class Subscription:
    """One row of `subscriptions` and what the simulator knows beside it."""

    account: "Account"
    id: str
    external_id: str
    plan: Plan
    billing_time: BillingTime
    subscription_at: int
    created_at: int
    updated_at: int
    previous: "Subscription | None" = None
    status: int = PENDING
    started_at: int | None = None
    activated_at: int | None = None
    terminated_at: int | None = None
    canceled_at: int | None = None
    ending_at: int | None = None
    trial_ended_at: int | None = None
    cancellation_reason: str | None = None
    # Quantities by fixed charge code: (from, units) in order of time.
    units: dict[str, list[tuple[int, Decimal]]] = field(default_factory=dict)
    overridden: dict[str, tuple[str, int]] = field(default_factory=dict)
    # What was used by billable metric code: (when, units).
    used: dict[str, list[tuple[int, Decimal]]] = field(default_factory=dict)
    pending_change: "Subscription | None" = None
    gate: tuple[Gate, str, int] | None = None
    calendar: BillingCalendar | None = None
    period: Period | None = None
    fixed_period: Period | None = None
    first_day: int = 0
    # When the next job of each kind is due, and the earliest of them.
    trial_due: int = NEVER
    ending_due: int = NEVER
    due: int = NEVER
    # Fees that count towards the minimum commitment of the running period.
    period_total: int = 0
    # The fee that paid the running period in advance, for the credit note of an early end.
    billed: Fee | None = None

    def units_at(self, code: str, when: int) -> Decimal:
        """Return the quantity of a fixed charge in force at an instant."""
        units = _ZERO
        for since, value in self.units.get(code, ()):
            if since > when:
                break
            units = value
        return units

    def used_in(self, code: str, since: int, until: int) -> Decimal:
        """Return what was recorded of a billable metric in a half-open time."""
        recorded = self.used.get(code, ())
        return sum((units for when, units in recorded if since <= when < until), _ZERO)

    def write(self, rows: Rows) -> None:
        """Add the subscription's rows in their final state."""
        account, organization_id = self.account, self.account.organization.id
        updated = moment(self.updated_at)
        rows.add(
            "subscriptions",
            id=self.id,
            customer_id=account.id,
            plan_id=self.plan.id,
            status=str(self.status),
            canceled_at=moment(self.canceled_at),
            terminated_at=moment(self.terminated_at),
            started_at=moment(self.started_at),
            created_at=moment(self.created_at),
            updated_at=updated,
            previous_subscription_id=self.previous.id if self.previous else NULL,
            external_id=escape(self.external_id),
            billing_time="0" if self.billing_time == "calendar" else "1",
            subscription_at=moment(self.subscription_at),
            ending_at=moment(self.ending_at),
            trial_ended_at=moment(self.trial_ended_at),
            organization_id=organization_id,
            activated_at=moment(self.activated_at),
            cancellation_reason=optional(self.cancellation_reason),
        )
        for charge in self.plan.charges:
            if charge.spec.code not in self.overridden:
                continue
            override_id, created_at = self.overridden[charge.spec.code]
            since, units = self.units[charge.spec.code][-1]
            rows.add(
                "subscription_fixed_charge_units_overrides",
                id=override_id,
                organization_id=organization_id,
                subscription_id=self.id,
                fixed_charge_id=charge.id,
                units=str(units),
                created_at=moment(created_at),
                updated_at=moment(min(since, account.now)),
            )
        if self.gate:
            outcome, rule_id, resolves_at = self.gate
            status = "pending"
            if self.status != INCOMPLETE:
                status = "satisfied" if outcome == "succeeds" else "failed"
            rows.add(
                "subscription_activation_rules",
                id=rule_id,
                organization_id=organization_id,
                subscription_id=self.id,
                type="payment",
                timeout_hours="48",
                status=status,
                created_at=moment(self.created_at),
                updated_at=moment(min(resolves_at, account.now)),
            )


@dataclass(slots=True)
class AppliedCoupon:
    """A coupon as a customer holds it."""

    id: str
    coupon: Coupon
    account: "Account"
    created_at: int
    updated_at: int
    remaining: int | None
    used: int = 0
    terminated_at: int | None = None

    def terminate(self, when: int) -> None:
        """End the coupon."""
        self.terminated_at = self.updated_at = when

    def write(self, rows: Rows) -> None:
        """Add the row in its final state."""
        coupon = self.coupon
        rows.add(
            "applied_coupons",
            id=self.id,
            coupon_id=coupon.id,
            customer_id=self.account.id,
            status="0" if self.terminated_at is None else "1",
            amount_cents=optional(coupon.amount),
            amount_currency=optional(coupon.currency),
            created_at=moment(self.created_at),
            updated_at=moment(self.updated_at),
            terminated_at=moment(self.terminated_at),
            percentage_rate=optional(coupon.percentage_text),
            frequency=FREQUENCY_CODE[coupon.frequency],
            frequency_duration=optional(coupon.duration),
            frequency_duration_remaining=optional(self.remaining),
            organization_id=coupon.organization.id,
        )


@dataclass(slots=True)
class CreditNote:
    """A credit note; its balance pays later invoices."""

    id: str
    currency: str
    balance: int
    row: list[str]


@dataclass(slots=True)
class Invoice:
    """An invoice as written, with what is needed to void it and make it again."""

    id: str
    account: "Account"
    row: list[str]
    fees: list[list[str]]
    subscriptions: list[list[str]]
    coupons: list[tuple[AppliedCoupon, int]]
    number: str
    # When it is paid, and whether anybody tries to have it paid: not for one that was dropped.
    pays_at: int = NEVER
    is_charged: bool = True
    # How many credit notes gave some of it back: an invoice with any is not voided.
    credit_notes: int = 0

    @property
    def is_final(self) -> bool:
        """Tell whether the invoice counts: neither voided nor waiting for a payment."""
        return self.row[_INVOICE_STATUS] == "1"

    def is_refundable(self, when: int) -> bool:
        """Tell whether all of the invoice was paid in money by an instant, and none given back."""
        row = self.row
        return (
            self.is_final
            and self.pays_at <= when
            and row[_INVOICE_TOTAL] != "0"
            and row[_INVOICE_CREDIT] == "0"
            and not self.credit_notes
        )


@dataclass(slots=True)
class Account:
    """A customer."""

    organization: Organization
    rows: Rows
    id: str
    external_id: str
    sequential_id: int
    zone: Zone
    created_at: int
    country: str | None = None
    timezone: str | None = None
    currency: str | None = None
    account_type: Literal["customer", "partner"] = "customer"
    customer_type: Literal["company", "individual"] | None = None
    tax_rate: int = 0
    # Share of invoices that stay unpaid; the engine does nothing about them.
    unpaid: float = 0.0
    # Others are paid within as many days, at once when there are none.
    payment_days: int = 0
    metadata: tuple[tuple[str, str], ...] = ()
    updated_at: int = 0
    deleted_at: int | None = None
    now: int = 0
    subscriptions: list[Subscription] = field(default_factory=list)
    live: list[Subscription] = field(default_factory=list)
    overrides: list[Plan] = field(default_factory=list)
    coupons: list[AppliedCoupon] = field(default_factory=list)
    credit: list[CreditNote] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    # The first start of each external_id, any status: trials count from it.
    lineages: dict[str, int] = field(default_factory=dict)
    slug: str = field(init=False)

    def __post_init__(self) -> None:
        """Fix the customer's part of invoice numbers."""
        self.slug = f"{self.organization.prefix}-{self.sequential_id:04d}"

    def trial_end(self, subscription: Subscription) -> int | None:
        """Return when the subscription's trial ends, counted from its lineage's first start."""
        days = subscription.plan.trial_days
        if not days:
            return None
        first = self.lineages.get(subscription.external_id)
        if first is None:
            return None
        return first + days * 86_400_000_000

    def in_trial(self, subscription: Subscription, when: int) -> bool:
        """Tell whether the subscription is in its trial at an instant."""
        end = self.trial_end(subscription)
        return end is not None and end > when

    def write(self) -> None:
        """Add the rows of everything that changes in place, in its final state."""
        rows = self.rows
        organization = self.organization
        created = moment(self.created_at)
        rows.add(
            "customers",
            id=self.id,
            external_id=escape(self.external_id),
            name=escape(f"Customer {self.external_id}"),
            organization_id=organization.id,
            billing_entity_id=organization.billing_entity_id,
            country=escape(self.country),
            currency=optional(self.currency),
            timezone=optional(self.timezone),
            account_type=self.account_type,
            customer_type=optional(self.customer_type),
            sequential_id=str(self.sequential_id),
            slug=self.slug,
            created_at=created,
            updated_at=moment(self.updated_at or self.created_at),
            deleted_at=moment(self.deleted_at),
        )
        for key, value in self.metadata:
            rows.add(
                "customer_metadata",
                id=rows.uuid(),
                customer_id=self.id,
                key=escape(key),
                value=escape(value),
                created_at=created,
                updated_at=created,
                organization_id=organization.id,
            )
        for subscription in self.subscriptions:
            subscription.write(rows)
        for plan in self.overrides:
            plan.write(rows)
        for coupon in self.coupons:
            coupon.write(rows)

    def forget(self) -> None:
        """Let go of everything, so that memory is freed without a search for cycles."""
        for subscription in self.subscriptions:
            subscription.billed = subscription.previous = subscription.pending_change = None
        self.subscriptions.clear()
        self.live.clear()
        self.invoices.clear()
        self.coupons.clear()
