"""Words for the history of a golden case: what happened in Lago, and when (UTC)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from properties.catalogue import PlanSpec
from properties.play import CAPTURED, Played, Rows
from tidemill_cli.demo.lago.account import Account, Subscription
from tidemill_cli.demo.lago.catalog import Amount, Coupon, Plan
from tidemill_cli.demo.lago.engine import LagoEngine

if TYPE_CHECKING:
    from .case import LagoCase

START = datetime(2023, 12, 1, tzinfo=UTC)


def instant(text: str) -> datetime:
    """An instant in UTC; a date alone is its midnight."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Stage:
    """A simulated Lago with one organisation, and everything in it by name."""

    lago: LagoEngine
    plans: dict[str, Plan] = field(default_factory=dict)
    coupons: dict[str, Coupon] = field(default_factory=dict)
    customers: dict[str, Account] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    captured: Rows = field(default_factory=dict)


Step = Callable[[Stage], None]


def perform(case: "LagoCase", seed: int) -> Played:
    """Let a history happen in a Lago, and hand back the rows that it then holds."""
    stage = Stage(LagoEngine(seed=seed, start=START))
    acme = stage.lago.organization(f"Acme {seed}")
    for code, given in case.plans.items():
        plan = PlanSpec(given) if isinstance(given, str) else given
        stage.plans[code] = stage.lago.plan(acme, code, **vars(plan))
    for code, coupon in case.coupons.items():
        limited_to = [stage.plans[plan_code] for plan_code in coupon.plans]
        stage.coupons[code] = stage.lago.coupon(acme, code, **{**vars(coupon), "plans": limited_to})
    for step in case.history:
        step(stage)
    stage.lago.run_until(instant(case.as_of))
    return Played(stage.lago.rows, stage.captured)


def customer(stage: Stage, name: str) -> Account:
    """The customer of a name, created when it is first spoken of."""
    if name not in stage.customers:
        organization = next(iter(stage.plans.values())).organization
        stage.customers[name] = stage.lago.customer(organization, START, "US", external_id=name)
    return stage.customers[name]


def subscribe(
    at: str,
    plan: str,
    subscription: str = "main",
    *,
    by: str = "customer",
    starts: str | None = None,
    ends: str | None = None,
    **options: Any,  # noqa: ANN401 - passed on
) -> Step:
    """A customer subscribes to a plan; `starts` back-dates, `ends` plans the end."""

    def step(stage: Stage) -> None:
        stage.subscriptions[subscription] = stage.lago.subscribe(
            customer(stage, by),
            stage.plans[plan],
            instant(at),
            starts_at=instant(starts) if starts else None,
            ending_at=instant(ends) if ends else None,
            **options,
        )

    return step


def change_plan(at: str, plan: str, subscription: str = "main") -> Step:
    """To a dearer plan at once; to a cheaper one from the next billing day."""

    def step(stage: Stage) -> None:
        stage.subscriptions[subscription] = stage.lago.change_plan(
            stage.subscriptions[subscription], stage.plans[plan], instant(at)
        )

    return step


def cancel(at: str, subscription: str = "main") -> Step:
    """A subscription ends now."""
    return lambda stage: stage.lago.terminate(stage.subscriptions[subscription], instant(at))


def plan_end(at: str, ends: str | None, subscription: str = "main") -> Step:
    """The end of a subscription is planned, or with None taken back."""
    return lambda stage: stage.lago.schedule_end(
        stage.subscriptions[subscription], instant(ends) if ends else None, instant(at)
    )


def own_price(at: str, amount: Amount, subscription: str = "main") -> Step:
    """A subscription gets its own price, from its next invoice."""
    return lambda stage: stage.lago.override_price(
        stage.subscriptions[subscription], amount, instant(at)
    )


def set_seats(
    at: str, seats: Amount, subscription: str = "main", *, next_period: bool = False
) -> Step:
    """The number of seats changes, now or with the next period."""
    return lambda stage: stage.lago.set_units(
        stage.subscriptions[subscription], "seats", seats, instant(at), immediately=not next_period
    )


def edit_seat_price(at: str, plan: str, amount: Amount) -> Step:
    """The price of a plan's seats is edited in place; Lago forgets the old one."""
    return lambda stage: stage.lago.edit_fixed_charge_price(
        stage.plans[plan], "seats", amount, instant(at)
    )


def use(at: str, units: Amount, subscription: str = "main") -> Step:
    """Some units of the billable metric `calls` are used."""
    return lambda stage: stage.lago.use(
        stage.subscriptions[subscription], "calls", units, instant(at)
    )


def refund(at: str, name: str = "customer") -> Step:
    """A customer gets back all of its newest invoice."""

    def step(stage: Stage) -> None:
        invoice = stage.lago.last_invoice(customer(stage, name))
        stage.lago.refund_invoice(invoice, instant(at))

    return step


def give_coupon(at: str, coupon: str, *, to: str = "customer") -> Step:
    """A customer gets a coupon."""

    def step(stage: Stage) -> None:
        stage.lago.apply_coupon(customer(stage, to), stage.coupons[coupon], instant(at))

    return step


def delete_customer(at: str, name: str = "customer") -> Step:
    """A customer is deleted in Lago."""
    return lambda stage: stage.lago.delete_customer(customer(stage, name), instant(at))


def capture(at: str) -> Step:
    """A scheduled run captures what Lago keeps no history of."""

    def step(stage: Stage) -> None:
        stage.lago.run_until(instant(at))
        rows = stage.lago.rows
        for table, columns in CAPTURED.items():
            versions = stage.captured.setdefault(f"lago_{table}_history", [])
            latest = {version["id"]: version for version in versions}
            for row in rows.get(table, ()):
                seen = {column: row.get(column) for column in columns}
                before = latest.get(row["id"], {})
                if any(before.get(column, ...) != value for column, value in seen.items()):
                    versions.append({**seen, "observed_at": instant(at)})

    return step
