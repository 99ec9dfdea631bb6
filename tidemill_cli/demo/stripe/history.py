"""Random but realistic multi-year histories, deterministic by scale and seed.

Every customer has its own random source, seeded by its number: any range of customers can be
simulated on its own, in any process, with the same objects as the result.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Literal

from tidemill_cli.demo.lago.offer import COUNTRIES, EURO_COUNTRIES
from tidemill_cli.demo.stripe import (
    changes,
    discounts,
    ends,
    invoicing,
    payments,
    periods,
    schedules,
)
from tidemill_cli.demo.stripe.catalogue import Catalogue
from tidemill_cli.demo.stripe.clock import DAY, instant, moment
from tidemill_cli.demo.stripe.engine import new_customer
from tidemill_cli.demo.stripe.model import Customer, Item, PauseBehavior, Proration, Subscription
from tidemill_cli.demo.stripe.offer import Market, Offer, Offering, build
from tidemill_cli.demo.stripe.render import Doc
from tidemill_cli.demo.stripe.tables import catalog_objects, customer_objects

MONTH = 30 * DAY
Shaped = Literal["acacia", "clover", "mixed"]

# What happens to a paying customer, as chances per month.
_CHANCES = {
    "cancel": 0.008,
    "period_end": 0.014,
    "schedule_end": 0.003,
    "upgrade": 0.024,
    "downgrade": 0.014,
    "new_price": 0.008,
    "seats": 0.04,
    "coupon": 0.016,
    "swap": 0.004,
    "add": 0.008,
    "schedule": 0.004,
    "pause": 0.004,
    "failure": 0.012,
    "country": 0.002,
    "one_off": 0.004,
    "void": 0.001,
    "credit_note": 0.002,
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
_FEEDBACK = ("too_expensive", "missing_features", "switched_service", "unused", None, None)


@dataclass(frozen=True)
class Scale:
    """How much history to generate; the same scale always gives the same objects."""

    customers: int
    seed: int
    until: datetime
    years: int = 3
    shape: Shaped = "mixed"
    events: bool = False


class History:
    """A catalogue and any number of customers' lives."""

    def __init__(self, scale: Scale) -> None:
        """Build the catalogue; customers are simulated when asked for."""
        self.scale = scale
        start = scale.until - timedelta(days=round(365.25 * scale.years))
        # Of mixed payloads, what was last touched before the last year has the older shape.
        turn = scale.until - timedelta(days=365) if scale.shape == "mixed" else None
        self.catalogue = Catalogue(
            scale.seed,
            start,
            "acacia" if scale.shape == "mixed" else scale.shape,
            clover_from=turn,
            events=scale.events,
        )
        self._offer: Offer = build(self.catalogue, start, scale.until)
        self._start = instant(start)
        self._until = instant(scale.until)

    def catalog_objects(self) -> dict[str, list[Doc]]:
        """Return the objects customers share."""
        made = self.catalogue
        return catalog_objects(made.accounts, made.products, made.prices, made.coupons, made.shapes)

    def customer_objects(self, start: int, stop: int) -> tuple[dict[str, list[Doc]], list[Doc]]:
        """Return the objects and, if wanted, the events of a range of customers."""
        found: dict[str, list[Doc]] = {}
        events: list[Doc] = []
        for number in range(start, stop):
            customer = _Life(self, number).run()
            for table, docs in customer_objects(customer, self.catalogue.shapes).items():
                found.setdefault(table, []).extend(docs)
            events += customer.journal.events
        return found, events


class _Life:
    """One customer's life."""

    def __init__(self, history: History, number: int) -> None:
        random = self.random = Random((history.scale.seed << 40) + number + 1)
        self.until = history._until
        span = self.until - history._start - 2 * DAY
        # More customers join every year than the year before.
        joined = history._start + DAY + int(span * random.random() ** 0.6)
        country, _, _, vat = COUNTRIES[
            random.choices(range(len(COUNTRIES)), cum_weights=_COUNTRY_WEIGHTS)[0]
        ]
        self.market = self._market(history, country)
        scale = history.scale
        customer = new_customer(
            self.market.account, random, joined, history.catalogue.shapes, scale.events
        )
        customer.name = f"Customer {number + 1:07d}"
        customer.email = f"billing@customer{number + 1}.example"
        draw = random.random()
        customer.country = country if draw > 0.02 else None
        customer.tax_rate = vat
        customer.has_card = draw > 0.10
        # Who pays by invoice pays when they come to it, and a few never.
        customer.pays_after = None if random.random() < 0.02 else random.randint(1, 40)
        if draw < 0.8:
            customer.metadata = _metadata(number)
        customer.journal.customer(customer, joined, "created")
        self.customer = customer
        # What each subscription is sold as.
        self.sold: dict[Subscription, Offering] = {}

    def _market(self, history: History, country: str) -> Market:
        random = self.random
        if random.random() < 0.04:
            return history._offer.small
        if country == "JP":
            return history._offer.main["JPY"]
        if country in EURO_COUNTRIES and random.random() < 0.6:
            return history._offer.main["EUR"]
        return history._offer.main["USD"]

    def run(self) -> Customer:
        """Live until the end of the history."""
        customer, random, until = self.customer, self.random, self.until
        self.subscribe(customer.now)
        while True:
            if customer.live:
                when = customer.now + 1 + int(random.expovariate(1.0) * _GAP)
            elif not customer.deleted and random.random() < 0.35:
                when = customer.now + DAY + int(random.expovariate(1.0) * 4 * MONTH)
            else:
                break
            if when >= until:
                break
            customer.advance(when)
            if customer.live:
                self.act(when)
            else:
                # Who comes back brings a card that works.
                customer.failing = False
                self.subscribe(when)
        customer.advance(until)
        return customer

    def subscribe(self, when: int) -> None:
        random, customer, market = self.random, self.customer, self.market
        offering = random.choices(market.offerings, market.weights)[0]
        price = offering.price(when)
        sent = not customer.has_card
        made = Subscription(
            customer.new_id("sub"), customer, price.currency, when, when, when, when
        )
        if sent:
            made.collection_method, made.days_until_due = "send_invoice", 30
        made.after_retries = random.choice(("cancel", "cancel", "unpaid"))
        draw = random.random()
        if draw < 0.04:
            made.start_date = when - int(random.random() * 60 * DAY)
        elif offering.trial_days and not self.sold:
            made.trial_start, made.trial_end = when, when + offering.trial_days * DAY
        elif draw < 0.10 and price.interval != "week":
            # Billed on the first of the month.
            first = moment(when).replace(day=1, hour=0, minute=0, second=0)
            made.anchor = instant((first + timedelta(days=32)).replace(day=1))
        changes.new_item(made, price, 1, when)
        seat = offering.seat(when)
        if seat is not None and random.random() < 0.7:
            changes.new_item(made, seat, 1 + int(random.expovariate(0.2)), when)
        for usage, _ in offering.usage:
            changes.new_item(made, usage, 0, when)
        if random.random() < 0.08:
            discounts.hold(customer, random.choice(market.coupons), when, made)
        if draw > 0.97:
            made.cancel_at = when + int((60 + random.random() * 400) * DAY)
            made.canceled_at, made.cancel_reason = when, "cancellation_requested"
        customer.failing = random.random() < 0.02
        self.sold[made] = offering
        periods.begin(made, when)
        periods.plan_end(made)

    def act(self, when: int) -> None:
        """Do one random thing to one of the customer's subscriptions."""
        random, customer = self.random, self.customer
        if customer.failing and random.random() < 0.5:
            customer.failing = False
            return
        candidates = [s for s in customer.live if s.status in ("active", "trialing", "past_due")]
        if not candidates:
            for subscription in customer.live:
                if subscription.status == "unpaid" and random.random() < 0.5:
                    ends.cancel(subscription, when, "payment_failed")
            return
        subscription = candidates[0] if len(candidates) == 1 else random.choice(candidates)
        self.use(subscription, when)
        action = random.choices(_ACTIONS, cum_weights=_CUMULATIVE)[0]
        match action:
            case "cancel":
                ends.cancel(subscription, when, feedback=random.choice(_FEEDBACK))
            case "period_end" | "schedule_end":
                self.plan_end(subscription, when, at_period_end=action == "period_end")
            case "upgrade" | "downgrade":
                self.change_plan(subscription, when, up=action == "upgrade")
            case "swap":
                twin = self.market.twins.get(self.sold[subscription].code)
                if twin is not None:
                    self.move(subscription, twin, when)
            case "new_price":
                self.move(subscription, self.sold[subscription], when)
            case "seats":
                self.set_seats(subscription, when)
            case "coupon":
                if len(subscription.discounts) < 2:
                    coupon = random.choice(self.market.coupons)
                    discounts.hold(customer, coupon, when, subscription)
                    customer.journal.subscription(subscription, when)
            case "add":
                if len(candidates) < 3:
                    self.subscribe(when)
            case "schedule":
                self.schedule(subscription, when)
            case "pause":
                self.pause(subscription, when)
            case "failure":
                customer.failing = customer.has_card
            case "country":
                customer.country = random.choices(COUNTRIES, cum_weights=_COUNTRY_WEIGHTS)[0][0]
                customer.journal.customer(customer, when)
            case "delete":
                ends.delete_customer(customer, when)
            case _:
                self.correct(action, when)

    def use(self, subscription: Subscription, when: int) -> None:
        """Use what is billed by use, now and then."""
        for item in subscription.items:
            if item.price.metered:
                typical = dict(self.sold[subscription].usage).get(item.price, 10)
                item.used.append((when, self.random.randint(0, 2 * typical)))

    def correct(self, action: str, when: int) -> None:
        """Do something about the newest invoice, or add to the next one."""
        random, customer = self.random, self.customer
        if action == "one_off":
            invoicing.add_item(customer, random.randint(20, 400) * 100, "Onboarding", when)
            return
        for invoice in customer.invoices[-1:]:
            charge = invoice.charge
            paid = invoice.status == "paid" and charge is not None and invoice.amount_paid > 0
            untouched = charge is None or not charge.amount_refunded
            if action == "void" and invoice.status == "open":
                invoicing.void(invoice, when)
            elif action == "refund" and paid and untouched:
                share = random.choice((100, 100, 50))
                payments.refund(invoice, max(1, invoice.amount_paid * share // 100), when)
            elif action == "credit_note" and paid and untouched and not invoice.credit_notes:
                amount = max(1, invoice.amount_paid * random.choice((100, 50, 20)) // 100)
                payments.credit_note(invoice, amount, when, refunded=random.random() < 0.7)

    def plan_end(self, subscription: Subscription, when: int, *, at_period_end: bool) -> None:
        random = self.random
        if subscription.cancel_at is not None and random.random() < 0.5:
            ends.take_back(subscription, when)
            return
        cancel_at = None if at_period_end else when + int((1 + random.random() * 60) * DAY)
        ends.request(subscription, when, cancel_at, random.choice(_FEEDBACK))
        periods.plan_end(subscription)

    def change_plan(self, subscription: Subscription, when: int, *, up: bool) -> None:
        now = self.sold[subscription]
        yearly = _yearly(now, when)
        choices = [
            other
            for other in self.market.offerings
            if other is not now and (_yearly(other, when) > yearly) is up
        ]
        if choices:
            self.move(subscription, self.random.choice(choices), when)

    def move(self, subscription: Subscription, offering: Offering, when: int) -> None:
        """Give a subscription the items of another offering, or its newest prices."""
        price, seat = offering.price(when), offering.seat(when)
        main, seats = self._parts(subscription)
        steps = [changes.Change(main, price, 1)]
        usage = [price for price, _ in offering.usage]
        if seats is not None:
            steps.append(changes.Change(seats, seat, seats.quantity))
        for item in subscription.items:
            if item.price.metered:
                if item.price in usage:
                    usage.remove(item.price)
                else:
                    steps.append(changes.Change(item, None))
        steps += [changes.Change(None, metered) for metered in usage]
        same = [s for s in steps if s.item is not None and s.item.price is s.price]
        steps = [step for step in steps if step not in same]
        if not steps:
            return
        draw = self.random.random()
        proration: Proration = "create_prorations"
        if draw < 0.15:
            proration = "always_invoice"
        elif draw < 0.20:
            proration = "none"
        self.sold[subscription] = offering
        # What was planned of the offering before would come back with its phase.
        if subscription.schedule is not None and subscription.schedule.status == "active":
            schedules.release(subscription.schedule, when)
        changes.apply(subscription, steps, when, proration)

    def _parts(self, subscription: Subscription) -> tuple[Item, Item | None]:
        """Return the items of the plan itself and of its seats."""
        codes = {price for _, price in self.sold[subscription].seats}
        seats = [item for item in subscription.items if item.price in codes]
        main = [i for i in subscription.items if i.price not in codes and not i.price.metered]
        return main[0], seats[0] if seats else None

    def set_seats(self, subscription: Subscription, when: int) -> None:
        random = self.random
        _, seats = self._parts(subscription)
        seat = self.sold[subscription].seat(when)
        if seats is None:
            if seat is None:
                return
            step = changes.Change(None, seat, random.randint(1, 5))
        else:
            count = seats.quantity + random.choice((-2, -1, 1, 1, 2, 3, 5))
            step = changes.Change(seats, seats.price if count > 0 else None, max(count, 1))
        proration: Proration = "create_prorations"
        if random.random() < 0.2:
            proration = "always_invoice"
        changes.apply(subscription, [step], when, proration)

    def schedule(self, subscription: Subscription, when: int) -> None:
        """Plan the newest prices from the next period on."""
        if subscription.schedule is not None or subscription.cancel_at is not None:
            return
        offering = self.sold[subscription]
        main, _ = self._parts(subscription)
        items = [
            (offering.price(when) if item is main else item.price, item.quantity)
            for item in subscription.items
        ]
        schedules.plan_change(subscription, items, subscription.period_end, when, "none")

    def pause(self, subscription: Subscription, when: int) -> None:
        if subscription.pause is not None:
            periods.unpause(subscription, when)
            return
        random = self.random
        behaviors: list[PauseBehavior] = ["void", "void", "keep_as_draft", "mark_uncollectible"]
        behavior = random.choice(behaviors)
        resumes_at = None
        if random.random() < 0.8:
            resumes_at = when + random.randint(30, 100) * DAY
        periods.pause(subscription, when, behavior, resumes_at)


def _yearly(offering: Offering, when: int) -> float:
    """Return roughly what an offering costs, to tell dear from cheap."""
    price = offering.price(when)
    days = {"day": 1, "week": 7, "month": 30.4375, "year": 365.25}[price.interval] * price.count
    return float(price.exact(1, price.currency)) / days


def _metadata(number: int) -> dict[str, str]:
    """Return what the customer of a number is like."""
    return {
        "segment": _SEGMENTS[number % 3],
        "size": _SIZES[number * number % 13 % 4],
        "industry": _INDUSTRIES[number // 3 % 5],
    }
