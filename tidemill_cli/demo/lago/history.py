"""Random but realistic multi-year histories, deterministic by scale and seed.

Every customer has its own random source, seeded by its number: any range of customers can be
simulated on its own, in any process, with the same rows as the result.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random

from tidemill_cli.demo.lago import adjust, changes, corrections, credit, ends, starts
from tidemill_cli.demo.lago.account import ACTIVE, PENDING, Account, Gate, Subscription
from tidemill_cli.demo.lago.catalog import Plan
from tidemill_cli.demo.lago.clock import DAY, HOUR, instant, zone
from tidemill_cli.demo.lago.jobs import advance
from tidemill_cli.demo.lago.offer import COUNTRIES, EURO_COUNTRIES, Offer, build
from tidemill_cli.demo.lago.payments import write_payments
from tidemill_cli.demo.lago.rows import Row, Rows

MONTH = 30 * DAY

# What happens to a paying customer, as chances per month.
_CHANCES = {
    "cancel": 0.020,
    "schedule_end": 0.006,
    "upgrade": 0.024,
    "downgrade": 0.014,
    "override": 0.008,
    "units": 0.04,
    "coupon": 0.016,
    "swap": 0.004,
    "add": 0.008,
    "country": 0.002,
    "void": 0.001,
    "dispute": 0.001,
    "refund": 0.002,
    "delete": 0.0005,
}
_ACTIONS = list(_CHANCES)
_CUMULATIVE = list(accumulate(_CHANCES.values()))
_GAP = MONTH / sum(_CHANCES.values())
_COUNTRY_WEIGHTS = list(accumulate(weight for _, weight, _, _ in COUNTRIES))
_SEGMENTS = ("self_serve", "sales", "partner")
_SIZES = ("1-10", "11-50", "51-200", "201+")
_INDUSTRIES = ("software", "retail", "finance", "education", "health")


@dataclass(frozen=True)
class Scale:
    """How much history to generate; the same scale always gives the same rows."""

    customers: int
    seed: int
    until: datetime
    years: int = 3
    # What the release has room for.
    fixed_charges: bool = True
    gated: bool = True


class History:
    """A catalogue and any number of customers' lives."""

    def __init__(self, scale: Scale) -> None:
        """Build the catalogue; customers are simulated when asked for."""
        self.scale = scale
        start = scale.until - timedelta(days=round(365.25 * scale.years))
        self._offer: Offer = build(
            scale.seed, start, scale.until, fixed_charges=scale.fixed_charges
        )
        self._start = instant(start)
        self._until = instant(scale.until)

    def catalog_rows(self) -> dict[str, list[Row]]:
        """Return the rows customers share."""
        return self._offer.engine.copy_rows

    def customer_rows(self, start: int, stop: int) -> dict[str, list[Row]]:
        """Return the rows of a range of customers."""
        random = Random(0)
        rows = Rows(random)
        for number in range(start, stop):
            rows.seed((self.scale.seed << 40) + number + 1)
            _Life(self, rows, random, number).run()
        return rows


class _Life:
    """One customer's life."""

    def __init__(self, history: History, rows: Rows, random: Random, number: int) -> None:
        self.random = random
        self.until = history._until
        self.gated = history.scale.gated
        span = self.until - history._start - 2 * DAY
        # More customers join every year than the year before.
        joined = history._start + DAY + int(span * random.random() ** 0.6)
        country, _, zone_name, vat = COUNTRIES[
            random.choices(range(len(COUNTRIES)), cum_weights=_COUNTRY_WEIGHTS)[0]
        ]
        small = random.random() < 0.04
        if small:
            self.market = history._offer.small
            currency = "EUR"
        else:
            currency = "USD"
            if country == "JP":
                currency = "JPY"
            elif country in EURO_COUNTRIES and random.random() < 0.6:
                currency = "EUR"
            self.market = history._offer.main[currency]
        organization = self.market.organization
        own_zone = zone_name if random.random() < 0.4 else None
        draw = random.random()
        self.account = Account(
            organization=organization,
            rows=rows,
            id=rows.uuid(),
            external_id=f"cus_{number + 1:07d}",
            sequential_id=number + 1,
            zone=zone(own_zone or organization.timezone),
            created_at=joined,
            country=country if draw > 0.02 else None,
            timezone=own_zone,
            currency=currency,
            account_type="partner" if draw > 0.99 else "customer",
            customer_type="company" if draw < 0.7 else "individual",
            tax_rate=vat,
            unpaid=0.02,
            # Who pays by card pays at once, others when they come to it.
            payment_days=0 if draw < 0.4 else 30,
            metadata=_metadata(number) if draw < 0.8 else (),
            now=joined,
        )
        self.lineages = 0

    def run(self) -> None:
        """Live until the end of the history."""
        account, random, until = self.account, self.random, self.until
        self.subscribe(account.now)
        while True:
            if account.live:
                when = account.now + 1 + int(random.expovariate(1.0) * _GAP)
            elif account.deleted_at is None and random.random() < 0.35:
                when = account.now + DAY + int(random.expovariate(1.0) * 4 * MONTH)
            else:
                break
            if when >= until:
                break
            advance(account, when)
            if account.live:
                self.act(account.now)
            else:
                self.subscribe(account.now)
        if account.now < until:
            advance(account, until)
        write_payments(account)
        account.write()
        account.forget()

    def pick_plan(self) -> Plan:
        market = self.market
        return self.random.choices(market.plans, market.weights)[0]

    def subscribe(self, when: int) -> None:
        random, account = self.random, self.account
        plan = self.pick_plan()
        draw = random.random()
        starts_at = ending_at = None
        gate: Gate | None = None
        if draw < 0.04:
            starts_at = when - int(random.random() * 60 * DAY)
        elif draw < 0.07:
            starts_at = when + int((1 + random.random() * 30) * DAY)
        elif draw < 0.10 and self.gated and plan.pay_in_advance and not plan.trial_days:
            gate = "fails" if random.random() < 0.3 else "succeeds"
        elif draw < 0.13:
            ending_at = when + int((60 + random.random() * 400) * DAY)
        # A returning customer mostly takes up the old identifier again.
        if self.lineages == 0 or random.random() < 0.3 or account.live:
            self.lineages += 1
        units = None
        if plan.charges and random.random() < 0.7:
            units = {"seats": Decimal(1 + int(random.expovariate(0.2)))}
        starts.subscribe(
            account,
            plan,
            when,
            external_id=f"{account.external_id}_{self.lineages}",
            starts_at=starts_at,
            billing_time="anniversary" if random.random() < 0.35 else "calendar",
            ending_at=ending_at,
            units=units,
            gated=gate,
        )
        if random.random() < 0.08:
            self.apply_coupon(when)

    def apply_coupon(self, when: int) -> None:
        active = sum(applied.terminated_at is None for applied in self.account.coupons)
        if active < 2:
            coupon = self.random.choice(self.market.coupons)
            adjust.apply_coupon(self.account, coupon, when)

    def act(self, when: int) -> None:
        """Do one random thing to one of the customer's subscriptions."""
        random, account = self.random, self.account
        candidates = [s for s in account.live if s.status == ACTIVE]
        if not candidates:
            pending = [s for s in account.live if s.status == PENDING]
            if pending and random.random() < 0.2:
                ends.terminate(account, pending[0], when)
            return
        subscription = candidates[0] if len(candidates) == 1 else random.choice(candidates)
        action = random.choices(_ACTIONS, cum_weights=_CUMULATIVE)[0]
        match action:
            case "cancel":
                ends.terminate(account, subscription, when)
            case "schedule_end":
                self.schedule_end(subscription, when)
            case "upgrade" | "downgrade":
                self.change_plan(subscription, when, up=action == "upgrade")
            case "swap":
                twin = self.market.twins.get(subscription.plan.root_id)
                if twin is not None:
                    changes.change_plan(account, subscription, twin, when)
            case "override":
                self.override(subscription, when)
            case "units":
                self.set_units(subscription, when)
            case "coupon":
                self.apply_coupon(when)
            case "add":
                if len(candidates) < 3:
                    self.subscribe(when)
            case "country":
                account.country = random.choices(COUNTRIES, cum_weights=_COUNTRY_WEIGHTS)[0][0]
                account.updated_at = when
            case "delete":
                ends.delete_customer(account, when)
            case _:
                self.correct(action, when)

    def correct(self, action: str, when: int) -> None:
        """Void and make again, refund, or lose a dispute over, the newest invoice."""
        account = self.account
        for invoice in account.invoices[-1:]:
            if not invoice.is_final:
                continue
            if action == "dispute":
                corrections.lose_dispute(invoice, when)
            elif action == "refund":
                if invoice.is_refundable(when):
                    credit.refund(account, invoice, when, self.random.choice((100, 100, 50)))
            elif not invoice.credit_notes:
                corrections.void(invoice, when)
                account.now = min(when + HOUR, self.until)
                corrections.regenerate(invoice, account.now)

    def schedule_end(self, subscription: Subscription, when: int) -> None:
        ending_at = None
        if subscription.ending_at is None or self.random.random() < 0.6:
            ending_at = when + int((1 + self.random.random() * 60) * DAY)
        starts.schedule_end(self.account, subscription, ending_at, when)

    def change_plan(self, subscription: Subscription, when: int, *, up: bool) -> None:
        price = subscription.plan.yearly_price(when)
        root = subscription.plan.root_id
        choices = [
            plan
            for plan in self.market.plans
            if plan.id != root and (plan.yearly_price(when) > price) is up
        ]
        if choices:
            plan = self.random.choice(choices)
            units = None
            if plan.charges and subscription.plan.charges:
                units = {"seats": subscription.units_at("seats", when)}
            gated: Gate | None = None
            if up and self.gated and self.random.random() < 0.03:
                gated = "succeeds" if self.random.random() < 0.8 else "fails"
            changes.change_plan(self.account, subscription, plan, when, units, gated)

    def override(self, subscription: Subscription, when: int) -> None:
        price = subscription.plan.price.at(when)
        if price:
            share = self.random.randint(70, 95)
            adjust.override_price(self.account, subscription, price * share // 100, when)

    def set_units(self, subscription: Subscription, when: int) -> None:
        if not subscription.plan.charges:
            return
        units = subscription.units_at("seats", when)
        change = self.random.choice((-2, -1, 1, 1, 2, 3, 5))
        adjust.set_units(
            self.account,
            subscription,
            "seats",
            max(Decimal(0), units + change),
            when,
            immediately=self.random.random() < 0.7,
        )


def _metadata(number: int) -> tuple[tuple[str, str], ...]:
    """Return what the customer of a number is like."""
    return (
        ("segment", _SEGMENTS[number % 3]),
        ("size", _SIZES[number * number % 13 % 4]),
        ("industry", _INDUSTRIES[number // 3 % 5]),
    )
