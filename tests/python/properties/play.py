"""Perform a history on the simulator and hand back the rows and what was captured of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import singledispatchmethod
from typing import Any

from tidemill_cli.demo.lago.account import (
    ACTIVE,
    INCOMPLETE,
    PENDING,
    Account,
    AppliedCoupon,
    Subscription,
)
from tidemill_cli.demo.lago.catalog import Amount, Coupon, Plan
from tidemill_cli.demo.lago.engine import LagoEngine
from tidemill_cli.demo.lago.rows import position

from . import actions as do
from .catalogue import COUPONS, CUSTOMERS, DAYS, PLANS, START

Rows = dict[str, list[dict[str, Any]]]

INVOICE_STATUS = position("invoices", "status")
FINALIZED = "1"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
END = START + timedelta(days=DAYS)
PAUSE = timedelta(seconds=1)
# A deleted customer's subscriptions end some minutes after it.
DELETION = timedelta(minutes=3)

# What the scheduled run compares to tell whether a row has a new version.
CAPTURED = {
    "plans": ("id", "organization_id", "amount_cents"),
    "subscriptions": ("id", "organization_id", "plan_id", "status", "ending_at"),
    "fixed_charges": ("id", "organization_id", "properties", "units", "deleted_at"),
    "applied_coupons": (
        "id",
        "organization_id",
        "status",
        "terminated_at",
        "frequency_duration_remaining",
        "amount_cents",
        "percentage_rate",
    ),
    "customers": ("id", "organization_id", "country"),
}


@dataclass(frozen=True)
class Played:
    """Raw rows at the end of a history, and the versions captured on the way."""

    rows: Rows
    history: Rows


def play(engine: LagoEngine, history: Iterable[do.Action], until: datetime = END) -> Played:
    """Perform actions in order of time, leaving out those that make no sense when they come."""
    player = Player(engine)
    for action in history:
        player.perform(action)
    player.engine.run_until(max(until, player.now))
    return Played(engine.rows, player.captured)


@dataclass
class Player:
    """A simulator with the fixed catalogue and customers, and a hand on each subscription."""

    engine: LagoEngine
    now: datetime = START
    plans: dict[str, Plan] = field(default_factory=dict)
    coupons: dict[str, Coupon] = field(default_factory=dict)
    customers: list[Account] = field(default_factory=list)
    given: dict[int, list[AppliedCoupon]] = field(default_factory=dict)
    slots: dict[tuple[int, int], list[Subscription]] = field(default_factory=dict)
    captured: Rows = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Create the catalogue and the customers."""
        organization = self.engine.organization("Acme")
        for code, plan in PLANS.items():
            self.plans[code] = self.engine.plan(
                organization,
                code,
                plan.amount,
                plan.currency,
                plan.interval,
                pay_in_advance=plan.pay_in_advance,
                trial_days=plan.trial_days,
                fixed_charges=plan.fixed_charges,
                minimum_commitment=plan.minimum_commitment,
                bill_fixed_charges_monthly=plan.bill_fixed_charges_monthly,
            )
        for code, coupon in COUPONS.items():
            self.coupons[code] = self.engine.coupon(
                organization,
                code,
                percentage=coupon.percentage,
                amount=coupon.amount,
                currency=coupon.currency,
                frequency=coupon.frequency,
                duration=coupon.duration,
                plans=[self.plans[plan_code] for plan_code in coupon.plans],
            )
        for customer in CUSTOMERS:
            self.customers.append(
                self.engine.customer(
                    organization, START, country=customer.country, timezone=customer.timezone
                )
            )

    def perform(self, action: do.Action) -> None:
        """Let time come to the action, and do it if it makes sense."""
        # Two things never happen at the same instant: an upgrade alone takes milliseconds.
        self.now = max(action.at, self.now + PAUSE)
        self.engine.run_until(self.now)
        self._do(action)

    def _current(self, customer: int, slot: int) -> Subscription | None:
        """The slot's active subscription, or the one that waits for its first day."""
        handles = self.slots.get((customer, slot), [])
        for status in (ACTIVE, PENDING):
            for handle in reversed(handles):
                if handle.status == status and (status == ACTIVE or handle.previous is None):
                    return handle
        return None

    def _plan_of(self, customer: int, slot: int) -> Plan | None:
        """The plan as sold that the slot's subscription is on, unless it was deleted."""
        current = self._current(customer, slot)
        if current is None:
            return None
        plan = current.plan.parent or current.plan
        return plan if plan.deleted_at is None else None

    def _is_here(self, customer: int) -> bool:
        return self.customers[customer].deleted_at is None

    def _is_sold(self, plan: str) -> bool:
        return self.plans[plan].deleted_at is None

    @singledispatchmethod
    def _do(self, action: do.Action) -> None:
        raise TypeError(f"nobody plays {action!r}")

    @_do.register
    def _(self, action: do.Subscribe) -> None:
        handles = self.slots.setdefault((action.customer, action.slot), [])
        if not self._is_here(action.customer) or not self._is_sold(action.plan):
            return
        if any(handle.status in (PENDING, ACTIVE, INCOMPLETE) for handle in handles):
            return
        starts_at = self.now + action.starts_in
        external_id = f"{action.customer}-{action.slot}-{len(handles)}"
        if handles and action.keeps_external_id:
            external_id = handles[-1].external_id
            # The engine moves a back-dated start behind the end of what it continues.
            ends = [h.terminated_at for h in handles if h.terminated_at is not None]
            starts_at = max(starts_at, EPOCH + timedelta(microseconds=max(ends, default=0)))
        plan = self.plans[action.plan]
        units: dict[str, Amount] | None = None
        if action.units is not None and plan.charges:
            units = {plan.charges[0].spec.code: action.units}
        ends_at = None
        if action.ends_in is not None:
            ends_at = max(self.now, starts_at) + action.ends_in
        handles.append(
            self.engine.subscribe(
                self.customers[action.customer],
                plan,
                self.now,
                starts_at=starts_at,
                billing_time=action.billing_time,
                ending_at=ends_at,
                external_id=external_id,
                units=units,
                gated=action.gated,
            )
        )

    @_do.register
    def _(self, action: do.ChangePlan) -> None:
        current = self._current(action.customer, action.slot)
        plan = self.plans[action.plan]
        if current is None or not self._is_sold(action.plan) or current.plan.root_id == plan.id:
            return
        changed = self.engine.change_plan(current, plan, self.now)
        if changed is not current:
            self.slots[action.customer, action.slot].append(changed)

    @_do.register
    def _(self, action: do.Terminate) -> None:
        current = self._current(action.customer, action.slot)
        if current is not None:
            self.engine.terminate(current, self.now)

    @_do.register
    def _(self, action: do.ScheduleEnd) -> None:
        current = self._current(action.customer, action.slot)
        if current is not None:
            ends_at = None if action.ends_in is None else self.now + action.ends_in
            self.engine.schedule_end(current, ends_at, self.now)

    @_do.register
    def _(self, action: do.OverridePrice) -> None:
        current = self._current(action.customer, action.slot)
        if current is not None and current.status == ACTIVE:
            self.engine.override_price(current, action.amount, self.now)

    @_do.register
    def _(self, action: do.EditPlanPrice) -> None:
        plan = self._plan_of(action.customer, action.slot)
        if plan is not None:
            self.engine.edit_plan_price(plan, action.amount, self.now)

    @_do.register
    def _(self, action: do.EditSeatPrice) -> None:
        plan = self._plan_of(action.customer, action.slot)
        # Only a standard price is one amount.
        if plan is not None and plan.charges and plan.charges[0].spec.charge_model == "standard":
            code = plan.charges[0].spec.code
            self.engine.edit_fixed_charge_price(plan, code, action.amount, self.now)

    @_do.register
    def _(self, action: do.DeletePlan) -> None:
        plan = self._plan_of(action.customer, action.slot)
        handles = [handle for slot in self.slots.values() for handle in slot]
        # The simulator cannot end a subscription that waits for its first payment.
        if plan is not None and not any(
            h.status == INCOMPLETE and h.plan.root_id == plan.id for h in handles
        ):
            self.engine.delete_plan(plan, self.now)

    @_do.register
    def _(self, action: do.GiveCoupon) -> None:
        given = self.given.setdefault(action.customer, [])
        coupon = self.coupons[action.coupon]
        is_held = any(a.coupon is coupon and a.terminated_at is None for a in given)
        if self._is_here(action.customer) and not is_held:
            customer = self.customers[action.customer]
            given.append(self.engine.apply_coupon(customer, coupon, self.now))

    @_do.register
    def _(self, action: do.TakeCoupon) -> None:
        held = [a for a in self.given.get(action.customer, []) if a.terminated_at is None]
        if action.index < len(held):
            self.engine.terminate_coupon(held[action.index], self.now)

    @_do.register
    def _(self, action: do.SetUnits) -> None:
        current = self._current(action.customer, action.slot)
        if current is not None and current.status == ACTIVE and current.plan.charges:
            code = current.plan.charges[0].spec.code
            self.engine.set_units(
                current, code, action.units, self.now, immediately=action.immediately
            )

    @_do.register
    def _(self, action: do.ChangeCountry) -> None:
        if self._is_here(action.customer):
            customer = self.customers[action.customer]
            self.engine.change_country(customer, action.country, self.now)

    @_do.register
    def _(self, action: do.DeleteCustomer) -> None:
        if self._is_here(action.customer):
            self.engine.delete_customer(self.customers[action.customer], self.now)
            self.now += DELETION

    @_do.register
    def _(self, action: do.VoidInvoice) -> None:
        customer = self.customers[action.customer]
        if not customer.invoices or not self._is_here(action.customer):
            return
        invoice = self.engine.last_invoice(customer)
        if str(invoice.row[INVOICE_STATUS]) == FINALIZED:
            self.engine.void_invoice(invoice, self.now)
            if action.regenerate:
                self.now += PAUSE
                self.engine.regenerate(invoice, self.now)

    @_do.register
    def _(self, action: do.DisputeInvoice) -> None:
        customer = self.customers[action.customer]
        if customer.invoices:
            self.engine.dispute_invoice(self.engine.last_invoice(customer), self.now)

    @_do.register
    def _(self, action: do.Capture) -> None:
        rows = self.engine.rows
        for table, columns in CAPTURED.items():
            versions = self.captured.setdefault(f"lago_{table}_history", [])
            latest = {version["id"]: version for version in versions}
            for row in rows.get(table, ()):
                seen = {column: row.get(column) for column in columns}
                before = latest.get(row["id"])
                if before is None or any(before[column] != seen[column] for column in columns):
                    versions.append({**seen, "observed_at": self.now})
