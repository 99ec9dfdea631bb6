"""The same history done in the engines' simulators."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from tidemill_cli.demo.killbill.engine import KillBillEngine
from tidemill_cli.demo.killbill.plans import plan as killbill_plan
from tidemill_cli.demo.killbill.rows import Row
from tidemill_cli.demo.lago.account import ACTIVE
from tidemill_cli.demo.lago.engine import LagoEngine
from tidemill_cli.demo.stripe.engine import StripeEngine
from tidemill_cli.demo.stripe.render import Doc, Shape

from .histories import CUSTOMERS, END, PLANS, START, Step

LAGO_INTERVALS: dict[str, Any] = {
    "week": "weekly",
    "month": "monthly",
    "quarter": "quarterly",
    "year": "yearly",
}
STRIPE_INTERVALS: dict[str, tuple[Any, int]] = {
    "week": ("week", 1),
    "month": ("month", 1),
    "quarter": ("month", 3),
    "year": ("year", 1),
}
KILLBILL_PERIODS = {"week": "WEEKLY", "month": "MONTHLY", "quarter": "QUARTERLY", "year": "ANNUAL"}


def play_lago(
    history: Iterable[Step], *, coupons: bool = True
) -> dict[str, list[dict[str, object]]]:
    """Rows by table; customers have their number as external id."""
    lago = LagoEngine(seed=1, start=START)
    acme = lago.organization("Acme")
    plans = {
        code: lago.plan(
            acme,
            code,
            plan.amount,
            plan.currency,
            LAGO_INTERVALS[plan.interval],
            trial_days=plan.trial_days,
        )
        for code, plan in PLANS.items()
    }
    customers = []
    for number, person in enumerate(CUSTOMERS):
        customer = lago.customer(acme, START, country=person.country, external_id=f"{number}")
        if person.percent_off and coupons:
            coupon = lago.coupon(acme, f"off_{number}", percentage=person.percent_off)
            lago.apply_coupon(customer, coupon, START)
        customers.append(customer)
    slots: dict[tuple[int, int], Any] = {}
    for step in history:
        lago.run_until(step.at)
        key = (step.customer, step.slot)
        match step.does:
            case "subscribe":
                slots[key] = lago.subscribe(
                    customers[step.customer], plans[step.plan], step.at, billing_time="anniversary"
                )
            case "upgrade":
                slots[key] = lago.change_plan(slots[key], plans[step.plan], step.at)
            case "downgrade":
                lago.change_plan(slots[key], plans[step.plan], step.at)
            case "cancel":
                lago.terminate(_running(slots[key]), step.at)
            case "plan_end" | "take_back":
                lago.schedule_end(slots[key], step.ends_at, step.at)
    lago.run_until(END)
    return lago.rows


def _running(subscription: Any) -> Any:  # noqa: ANN401 - a handle of the simulator
    """What a subscription has become, if a cheaper plan has come meanwhile."""
    followers = [s for s in subscription.account.live if s.previous is subscription]
    started = [s for s in followers if s.status == ACTIVE]
    return started[0] if started else subscription


def play_stripe(
    history: Iterable[Step], shape: Shape, *, coupons: bool = True
) -> dict[str, list[Doc]]:
    """Objects by table; customers have their number as name."""
    stripe = StripeEngine(seed=1, start=START, shape=shape)
    acme = stripe.account("Acme")
    prices = {}
    for code, plan in PLANS.items():
        interval, count = STRIPE_INTERVALS[plan.interval]
        prices[code] = stripe.price(
            stripe.product(acme, code),
            plan.amount,
            plan.currency,
            interval,
            count,
            lookup_key=code,
        )
    customers = []
    for number, person in enumerate(CUSTOMERS):
        customer = stripe.customer(acme, START, country=person.country, name=f"{number}")
        if person.percent_off and coupons:
            coupon = stripe.coupon(acme, f"off_{number}", percent_off=person.percent_off)
            stripe.apply_coupon(customer, coupon, START)
        customers.append(customer)
    slots: dict[tuple[int, int], Any] = {}
    for step in history:
        stripe.run_until(step.at)
        key = (step.customer, step.slot)
        match step.does:
            case "subscribe":
                slots[key] = stripe.subscribe(
                    customers[step.customer],
                    prices[step.plan],
                    step.at,
                    trial_days=PLANS[step.plan].trial_days,
                )
            case "upgrade":
                stripe.change_price(slots[key], prices[step.plan], step.at)
            case "downgrade":
                then = datetime.fromtimestamp(slots[key].period_end, UTC)
                stripe.schedule_change(slots[key], prices[step.plan], then, step.at)
            case "cancel":
                stripe.cancel(slots[key], step.at)
            case "plan_end":
                stripe.schedule_cancel(slots[key], step.ends_at, step.at)
            case "take_back":
                stripe.uncancel(slots[key], step.at)
    stripe.run_until(END)
    return stripe.objects()


def play_killbill(history: Iterable[Step]) -> dict[str, list[Row]]:
    """Rows by table; customers have their number as external key. It knows no coupons."""
    kb = KillBillEngine(seed=1, start=START)
    acme = kb.tenant("Acme")
    # Each subscription has a billing day of its own, as in the others.
    kb.catalog(
        acme,
        START,
        [
            killbill_plan(
                code,
                code,
                {plan.currency: plan.amount},
                KILLBILL_PERIODS[plan.interval],
                trial_days=plan.trial_days,
            )
            for code, plan in PLANS.items()
        ],
        alignment="SUBSCRIPTION",
    )
    accounts = [
        kb.account(acme, START, person.country, key=f"{number}", currency=person.currency)
        for number, person in enumerate(CUSTOMERS)
    ]
    slots: dict[tuple[int, int], Any] = {}
    for step in history:
        key = (step.customer, step.slot)
        match step.does:
            case "subscribe":
                slots[key] = kb.subscribe(accounts[step.customer], step.plan, step.at)
            case "upgrade":
                kb.change_plan(slots[key], step.plan, step.at)
            case "downgrade":
                kb.change_plan(slots[key], step.plan, step.at, "END_OF_TERM")
            case "cancel":
                kb.cancel(slots[key], step.at)
            case "plan_end":
                kb.cancel(slots[key], step.at, on=step.ends_at)
            case "take_back":
                kb.uncancel(slots[key], step.at)
    kb.run_until(END)
    return kb.rows
