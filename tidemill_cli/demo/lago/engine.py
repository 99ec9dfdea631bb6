"""Script the simulator: perform actions at instants, then read the rows Lago would hold.

    lago = LagoEngine(seed=1, start=datetime(2024, 1, 1, tzinfo=UTC))
    acme = lago.organization("Acme")
    basic = lago.plan(acme, "basic", amount="50")
    customer = lago.customer(acme, at=...)
    subscription = lago.subscribe(customer, basic, at=...)
    lago.run_until(...)
    lago.rows["subscriptions"]

Times are aware datetimes; amounts are in major units. Each customer has its own clock, which only
runs forwards: an action first lets every job due by then run.
"""

from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Literal

from tidemill_cli.demo.lago import adjust, changes, corrections, credit, ends, starts
from tidemill_cli.demo.lago.account import Account, AppliedCoupon, Gate, Invoice, Subscription
from tidemill_cli.demo.lago.catalog import (
    Coupon,
    Frequency,
    Organization,
    Plan,
    PlanCharge,
    PlanUsage,
    write_catalog,
)
from tidemill_cli.demo.lago.clock import instant, zone
from tidemill_cli.demo.lago.jobs import advance
from tidemill_cli.demo.lago.payments import write_payments
from tidemill_cli.demo.lago.pricing import (
    Amount,
    BillingTime,
    FixedCharge,
    Interval,
    Timeline,
    UsageCharge,
    to_minor,
)
from tidemill_cli.demo.lago.rows import Rows, typed

__all__ = ["FixedCharge", "LagoEngine", "UsageCharge"]


class LagoEngine:
    """A billing engine to script, deterministic by seed."""

    def __init__(self, seed: int, start: datetime) -> None:
        """Start with an empty database at an instant."""
        self._seed = seed
        self._start = instant(start)
        self._sink = Rows(Random(seed))
        self._organizations: list[Organization] = []
        self._plans: list[Plan] = []
        self._coupons: list[Coupon] = []
        self._metrics: dict[tuple[str, str], str] = {}
        self._accounts: list[Account] = []
        self._external_ids = 0

    # The catalogue

    def organization(
        self,
        name: str,
        timezone: str = "UTC",
        currency: str = "USD",
        country: str | None = None,
    ) -> Organization:
        """Create a tenant with its default billing entity."""
        organization = Organization(
            id=self._sink.uuid(),
            billing_entity_id=self._sink.uuid(),
            name=name,
            timezone=timezone,
            currency=currency,
            country=country,
            created_at=self._start,
        )
        self._organizations.append(organization)
        return organization

    def plan(
        self,
        organization: Organization,
        code: str,
        amount: Amount,
        currency: str | None = None,
        interval: Interval = "monthly",
        *,
        pay_in_advance: bool = True,
        trial_days: int = 0,
        fixed_charges: list[FixedCharge] | tuple[FixedCharge, ...] = (),
        minimum_commitment: Amount | None = None,
        bill_fixed_charges_monthly: bool = False,
        usage_charges: list[UsageCharge] | tuple[UsageCharge, ...] = (),
        bill_charges_monthly: bool = False,
        at: datetime | None = None,
    ) -> Plan:
        """Create a plan; amounts in major units."""
        if (
            fixed_charges
            and usage_charges
            and bill_fixed_charges_monthly is not bill_charges_monthly
        ):
            message = "the simulator bills fixed and usage charges of a plan together"
            raise ValueError(message)
        created_at = self._start if at is None else instant(at)
        currency = currency or organization.currency
        plan = Plan(
            id=self._sink.uuid(),
            organization=organization,
            code=code,
            interval=interval,
            currency=currency,
            pay_in_advance=pay_in_advance,
            trial_days=trial_days,
            price=Timeline(to_minor(amount, currency)),
            created_at=created_at,
            updated_at=created_at,
            monthly_fixed_charges=bill_fixed_charges_monthly,
            monthly_usage=bill_charges_monthly,
        )
        if minimum_commitment is not None:
            plan.commitment = (self._sink.uuid(), to_minor(minimum_commitment, currency))
        for spec in fixed_charges:
            plan.charges.append(
                PlanCharge(
                    id=self._sink.uuid(),
                    add_on_id=self._sink.uuid(),
                    parent_id=None,
                    spec=spec,
                    units=Decimal(spec.units),
                    price=Timeline(spec.price()),
                    updated_at=created_at,
                )
            )
        for usage in usage_charges:
            metric = (organization.id, usage.code)
            if metric not in self._metrics:
                self._metrics[metric] = self._sink.uuid()
            plan.usage.append(PlanUsage(self._sink.uuid(), self._metrics[metric], None, usage))
        self._plans.append(plan)
        return plan

    def coupon(
        self,
        organization: Organization,
        code: str,
        *,
        percentage: Amount | None = None,
        amount: Amount | None = None,
        currency: str | None = None,
        frequency: Frequency = "forever",
        duration: int | None = None,
        plans: list[Plan] | tuple[Plan, ...] = (),
        at: datetime | None = None,
    ) -> Coupon:
        """Create a coupon: a percentage, or an amount per invoice in one currency."""
        if (percentage is None) == (amount is None):
            message = "a coupon is either a percentage or an amount"
            raise ValueError(message)
        if amount is not None:
            currency = currency or organization.currency
        coupon = Coupon(
            id=self._sink.uuid(),
            organization=organization,
            code=code,
            percentage=None if percentage is None else Decimal(percentage),
            amount=None if amount is None else to_minor(amount, currency or ""),
            currency=currency if amount is not None else None,
            frequency=frequency,
            duration=duration,
            plans=tuple(plans),
            created_at=self._start if at is None else instant(at),
        )
        self._coupons.append(coupon)
        return coupon

    def edit_plan_price(
        self, plan: Plan, amount: Amount, at: datetime, *, cascade: bool = False
    ) -> None:
        """Edit a price in place: it applies from the next invoice; overrides follow if asked."""
        when = self.run_until(at)
        old, new = plan.price.last, to_minor(amount, plan.currency)
        plan.price.change(when, new)
        plan.updated_at = when
        if cascade:
            for account in self._accounts:
                for child in account.overrides:
                    if child.parent is plan and child.price.last == old:
                        child.price.change(when, new)
                        child.updated_at = when

    def edit_fixed_charge_price(self, plan: Plan, code: str, amount: Amount, at: datetime) -> None:
        """Edit the unit price of a standard fixed charge in place."""
        when = self.run_until(at)
        charge = plan.charge(code)
        charge.price.change(when, FixedCharge(code, amount).price())
        charge.updated_at = plan.updated_at = when

    def delete_plan(self, plan: Plan, at: datetime) -> None:
        """Delete a plan and its overrides; every subscription to it ends now."""
        when = self.run_until(at)
        plan.deleted_at = plan.updated_at = when
        for account in self._accounts:
            for child in account.overrides:
                if child.parent is plan:
                    child.deleted_at = child.updated_at = when
            for subscription in list(account.live):
                if subscription.plan.root_id == plan.id and subscription in account.live:
                    ends.terminate(account, subscription, when)

    # Customers

    def customer(
        self,
        organization: Organization,
        at: datetime,
        country: str | None = None,
        timezone: str | None = None,
        account_type: Literal["customer", "partner"] = "customer",
        *,
        external_id: str | None = None,
        currency: str | None = None,
        tax_rate: int = 0,
        payment_days: int = 0,
        unpaid: float = 0.0,
        metadata: dict[str, str] | None = None,
    ) -> Account:
        """Create a customer; without a time zone the billing entity's counts."""
        number = 1 + sum(other.organization is organization for other in self._accounts)
        account = Account(
            organization=organization,
            rows=self._sink,
            id=self._sink.uuid(),
            external_id=external_id or f"customer_{len(self._accounts) + 1}",
            sequential_id=number,
            zone=zone(timezone or organization.timezone),
            created_at=instant(at),
            country=country,
            timezone=timezone,
            currency=currency,
            account_type=account_type,
            tax_rate=tax_rate,
            payment_days=payment_days,
            unpaid=unpaid,
            metadata=tuple((metadata or {}).items()),
            now=instant(at),
        )
        self._accounts.append(account)
        return account

    def change_country(self, customer: Account, country: str, at: datetime) -> None:
        """Move a customer to another country, in place."""
        customer.updated_at = self._act(customer, at)
        customer.country = country

    def delete_customer(self, customer: Account, at: datetime) -> None:
        """Delete a customer; its subscriptions end minutes later."""
        ends.delete_customer(customer, self._act(customer, at))

    # Subscriptions

    def subscribe(
        self,
        customer: Account,
        plan: Plan,
        at: datetime,
        starts_at: datetime | None = None,
        billing_time: BillingTime = "calendar",
        ending_at: datetime | None = None,
        external_id: str | None = None,
        units: dict[str, Amount] | None = None,
        gated: Gate | None = None,
    ) -> Subscription:
        """Subscribe, now or from a past or future start; `gated` waits for the first payment."""
        when = self._act(customer, at)
        if external_id is None:
            self._external_ids += 1
            external_id = f"sub_{self._external_ids}"
        return starts.subscribe(
            customer,
            plan,
            when,
            external_id=external_id,
            starts_at=None if starts_at is None else instant(starts_at),
            billing_time=billing_time,
            ending_at=None if ending_at is None else instant(ending_at),
            units=_decimals(units),
            gated=gated,
        )

    def change_plan(
        self,
        subscription: Subscription,
        plan: Plan,
        at: datetime,
        units: dict[str, Amount] | None = None,
        gated: Gate | None = None,
    ) -> Subscription:
        """Change plan; returns the new row, which waits for the next period if it is cheaper.

        A gated upgrade waits for its first payment; a downgrade has nothing to wait for.
        """
        account, when = subscription.account, self._act(subscription.account, at)
        return changes.change_plan(account, subscription, plan, when, _decimals(units), gated)

    def terminate(self, subscription: Subscription, at: datetime) -> None:
        """End a subscription now."""
        when = self._act(subscription.account, at)
        ends.terminate(subscription.account, subscription, when)

    def schedule_end(
        self, subscription: Subscription, ending_at: datetime | None, at: datetime
    ) -> None:
        """Plan the end of a subscription, or take it back with None."""
        when = self._act(subscription.account, at)
        ends = None if ending_at is None else instant(ending_at)
        starts.schedule_end(subscription.account, subscription, ends, when)

    def override_price(self, subscription: Subscription, amount: Amount, at: datetime) -> None:
        """Give one subscription its own base price."""
        when = self._act(subscription.account, at)
        minor = to_minor(amount, subscription.plan.currency)
        adjust.override_price(subscription.account, subscription, minor, when)

    def set_units(
        self,
        subscription: Subscription,
        code: str,
        units: Amount,
        at: datetime,
        *,
        immediately: bool = True,
    ) -> None:
        """Set the quantity of a fixed charge, now or from the next period on."""
        when = self._act(subscription.account, at)
        account = subscription.account
        value = Decimal(units)
        adjust.set_units(account, subscription, code, value, when, immediately=immediately)

    def use(self, subscription: Subscription, code: str, units: Amount, at: datetime) -> None:
        """Use some units of a billable metric; they are billed when the period is over."""
        adjust.use(subscription, code, Decimal(units), self._act(subscription.account, at))

    # Coupons and invoices

    def apply_coupon(self, customer: Account, coupon: Coupon, at: datetime) -> AppliedCoupon:
        """Give a customer a coupon."""
        return adjust.apply_coupon(customer, coupon, self._act(customer, at))

    def terminate_coupon(self, applied: AppliedCoupon, at: datetime) -> None:
        """Take a coupon away."""
        applied.terminate(self._act(applied.account, at))

    def last_invoice(self, customer: Account) -> Invoice:
        """Return a customer's newest invoice."""
        return customer.invoices[-1]

    def void_invoice(self, invoice: Invoice, at: datetime) -> None:
        """Void an invoice."""
        corrections.void(invoice, self._act(invoice.account, at))

    def regenerate(self, invoice: Invoice, at: datetime) -> Invoice:
        """Write the replacement of a voided invoice."""
        return corrections.regenerate(invoice, self._act(invoice.account, at))

    def dispute_invoice(self, invoice: Invoice, at: datetime) -> None:
        """Lose a payment dispute over an invoice."""
        corrections.lose_dispute(invoice, self._act(invoice.account, at))

    def refund_invoice(self, invoice: Invoice, at: datetime, percent: int = 100) -> None:
        """Give back a share of an invoice that was paid in money."""
        when = self._act(invoice.account, at)
        if not invoice.is_refundable(when):
            message = f"invoice {invoice.number} was not paid in money, or some was given back"
            raise ValueError(message)
        credit.refund(invoice.account, invoice, when, percent)

    # Time and results

    def run_until(self, until: datetime) -> int:
        """Run every job of every customer due up to an instant."""
        when = instant(until)
        for account in self._accounts:
            advance(account, when)
        return when

    def _act(self, account: Account, at: datetime) -> int:
        when = instant(at)
        advance(account, when)
        return when

    @property
    def copy_rows(self) -> Rows:
        """Return the rows as COPY fields, in their final state."""
        rows = Rows(Random(self._seed + 1))
        appended = self._sink
        for table, written in appended.items():
            rows[table].extend(written)
        write_catalog(rows, self._organizations, self._plans, self._coupons)
        for account in self._accounts:
            account.rows = rows
            write_payments(account)
            account.write()
            account.rows = appended
        return rows

    @property
    def rows(self) -> dict[str, list[dict[str, object]]]:
        """Return the rows of every table, in their final state; instants are naive UTC."""
        return {table: list(typed(table, rows)) for table, rows in self.copy_rows.items()}


def _decimals(units: dict[str, Amount] | None) -> dict[str, Decimal] | None:
    return None if units is None else {code: Decimal(value) for code, value in units.items()}
