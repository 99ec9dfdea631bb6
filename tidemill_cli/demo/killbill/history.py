"""Random but realistic multi-year histories, deterministic by scale and seed.

Every household (an account, perhaps with another that belongs to it) has a random source and a
clock of its own, seeded by its number: any range of them can be simulated on its own, in any
process, with the same rows as the result.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random

from tidemill_cli.demo.killbill.accounts import AccountActions
from tidemill_cli.demo.killbill.changes import live
from tidemill_cli.demo.killbill.ends import is_live
from tidemill_cli.demo.killbill.engine import KillBillEngine
from tidemill_cli.demo.killbill.model import Account, Policy, Subscription, Tenant
from tidemill_cli.demo.killbill.offer import METERED, SEATED, Market, build
from tidemill_cli.demo.killbill.rows import Row, merged
from tidemill_cli.demo.killbill.timeline import replay, state_at
from tidemill_cli.demo.lago.offer import COUNTRIES, EURO_COUNTRIES

MONTH = timedelta(days=30)
# Room for the rows of one household in each table.
ROOM = 1_000_000

# What happens to a paying customer, as chances per month.
_CHANCES = {
    "cancel": 0.010,
    "end_of_term": 0.018,
    "change": 0.026,
    "change_at_term": 0.010,
    "seats": 0.05,
    "add_on": 0.014,
    "second": 0.006,
    "pause": 0.006,
    "failure": 0.012,
    "country": 0.002,
    "one_off": 0.004,
    "credit": 0.002,
    "refund": 0.003,
    "adjust": 0.002,
    "transfer": 0.001,
    "billing_day": 0.001,
}
_ACTIONS = list(_CHANCES)
_CUMULATIVE = list(accumulate(_CHANCES.values()))
_GAP = MONTH / sum(_CHANCES.values())
_COUNTRY_WEIGHTS = list(accumulate(weight for _, weight, _, _ in COUNTRIES))
_ZONES = {"US": "America/New_York", "JP": "Asia/Tokyo", "DE": "Europe/Berlin"}


@dataclass(frozen=True)
class Scale:
    """How much history to generate; the same scale always gives the same rows."""

    customers: int
    seed: int
    until: datetime
    years: int = 3


class History:
    """Two tenants with their catalogs, and any number of households' lives."""

    def __init__(self, scale: Scale) -> None:
        """Build the catalogs; households are simulated when asked for."""
        self.scale = scale
        self.start = scale.until - timedelta(days=round(365.25 * scale.years))
        self._shared = AccountActions(Random(scale.seed), self.start)
        self.markets = build(self._shared, scale.until)

    def catalog_rows(self) -> dict[str, list[Row]]:
        """Return the rows that all share."""
        return self._shared.rows

    def customer_rows(self, start: int, stop: int) -> Mapping[str, list[Row]]:
        """Return the rows of a range of households."""
        return merged(_Life(self, number).run() for number in range(start, stop))


class _Life:
    """One household's life."""

    def __init__(self, history: History, number: int) -> None:
        seed = (history.scale.seed << 40) + number + 1
        random = self.random = Random(seed)
        self.until = history.scale.until
        self.number = number
        span = self.until - history.start - timedelta(days=3)
        # More customers join every year than the year before.
        joined = history.start + timedelta(days=1) + span * random.random() ** 0.6
        self.joined = joined.replace(microsecond=0)
        market = history.markets[random.random() < 0.05]
        # What is overridden for one household is its own.
        tenant = Tenant(market.tenant.row, market.tenant.versions)
        self.market = Market(tenant, market.plans, market.add_ons, market.currencies)
        self.kb = KillBillEngine(seed, history.start, (number + 1) * ROOM)
        self.account = self._account(f"Customer {number + 1:07d}")

    def _account(self, name: str) -> Account:
        random = self.random
        country, _, _, vat = COUNTRIES[
            random.choices(range(len(COUNTRIES)), cum_weights=_COUNTRY_WEIGHTS)[0]
        ]
        currency = self.market.currencies[0]
        if len(self.market.currencies) > 1:
            currency = "JPY" if country == "JP" else currency
            currency = "EUR" if country in EURO_COUNTRIES and random.random() < 0.6 else currency
        draw = random.random()
        parent = None
        if draw < 0.02:
            parent = self.kb.account(
                self.market.tenant, self.joined, country, name=f"{name} group", currency=currency
            )
        made = self.kb.account(
            self.market.tenant,
            self.joined,
            country if draw < 0.97 else None,
            name=name,
            key=f"customer-{self.number + 1}-{len(self.kb.rows.get('accounts', ())) + 1}",
            currency=currency,
            time_zone=_ZONES.get(country, "UTC"),
            tax_rate=Decimal(str(vat)),
            payment_method=random.random() < 0.92,
            dunned=True,
            parent=parent,
            fields={"segment": random.choice(("self_serve", "sales", "partner"))},
        )
        for tag, least, most in (("TEST", 0.10, 0.12), ("PARTNER", 0.12, 0.13)):
            if least <= draw < most:
                self.kb.tag(made, tag, self.joined)
        if 0.13 <= draw < 0.14:
            self.kb.tag(made, "AUTO_INVOICING_DRAFT", self.joined)
        return made

    def run(self) -> dict[str, list[Row]]:
        """Live until the end of the history."""
        kb, random = self.kb, self.random
        self.subscribe(kb.now)
        while True:
            running = self.running()
            if running:
                when = kb.now + timedelta(seconds=1) + _GAP * random.expovariate(1.0)
            elif random.random() < 0.35:
                when = kb.now + timedelta(days=1) + 4 * MONTH * random.expovariate(1.0)
            else:
                break
            when = when.replace(microsecond=0)
            if when >= self.until:
                break
            kb.run_until(when)
            running = self.running()
            if running:
                self.act(random.choice(running), when)
            else:
                kb.restore_payments(self.account, when)
                self.subscribe(when)
        kb.run_until(self.until)
        return kb.rows

    def running(self) -> list[Subscription]:
        """Return what runs now."""
        return [s for s in self.account.subscriptions if is_live(s, self.kb.now)]

    def subscribe(self, when: datetime) -> None:
        """Subscribe to a plan, perhaps at a price of one's own."""
        random, market = self.random, self.market
        plan = random.choices(list(market.plans), list(market.plans.values()))[0]
        draw = random.random()
        made = self.kb.subscribe(
            self.account,
            plan,
            when,
            quantity=self._seats(1 + int(random.expovariate(0.25))) if plan in SEATED else 1,
            prices=self._own_prices(plan) if draw < 0.06 else None,
            entitled_at=when - timedelta(days=30) if draw > 0.97 else None,
        )
        if market.add_ons and plan in SEATED and random.random() < 0.3:
            self.kb.add_on(made, random.choice(market.add_ons), when)

    def _own_prices(self, plan: str) -> dict[int, Decimal | int | str]:
        """Return a lower price of the last phase."""
        version = self.market.tenant.versions[0]
        found = version.plan(plan)
        if found is None:
            return {}
        price = found.phases[-1].price(self.account.currency) or Decimal(0)
        return {len(found.phases) - 1: self.account.rounded(price * Decimal("0.8"))}

    def act(self, subscription: Subscription, when: datetime) -> None:
        """Do one random thing to one of the account's subscriptions."""
        random, kb, account = self.random, self.kb, self.account
        if not account.pays and random.random() < 0.6:
            kb.restore_payments(account, when)
            return
        self.use(subscription, when)
        action = random.choices(_ACTIONS, cum_weights=_CUMULATIVE)[0]
        is_base = subscription.category != "ADD_ON"
        match action:
            case "cancel":
                self.end(subscription, when, "IMMEDIATE")
            case "end_of_term":
                self.end(subscription, when, "END_OF_TERM")
            case "change" | "change_at_term" if is_base:
                policy: Policy = "IMMEDIATE" if action == "change" else "END_OF_TERM"
                self.change(subscription, when, policy)
            case "seats" if self._may_change(subscription):
                self.seats(subscription, when)
            case "add_on" if is_base and self._may_change(subscription):
                self.add_on(subscription, when)
            case "second" if len(self.running()) < 4:
                self.subscribe(when)
            case "pause":
                self.pause(subscription, when)
            case "failure":
                kb.fail_payments(account, when)
            case "country":
                country = random.choices(COUNTRIES, cum_weights=_COUNTRY_WEIGHTS)[0][0]
                kb.change_country(account, country, when)
            case "billing_day" if self._may_change(subscription):
                kb.set_billing_day(subscription, random.randint(1, 28), when)
            case "transfer" if is_base and account.parent is None:
                self.transfer(subscription, when)
            case _:
                self.correct(action, when)

    def _may_change(self, subscription: Subscription) -> bool:
        try:
            live(self.kb.world, subscription)
        except ValueError:
            return False
        return not any(block.stops_billing for block in subscription.bundle.blocked[-1:])

    def use(self, subscription: Subscription, when: datetime) -> None:
        """Use what is billed by use, now and then."""
        state = state_at(subscription, when)
        if state is not None and state.plan in METERED:
            _, typical = METERED[state.plan]
            self.kb.use(subscription, "call", self.random.randint(0, 2 * typical), when)

    def end(self, subscription: Subscription, when: datetime, billing: Policy) -> None:
        """Cancel, or take back a cancellation."""
        if replay(subscription)[1] is None:
            entitlement: Policy = "IMMEDIATE" if self.random.random() < 0.3 else billing
            self.kb.cancel(subscription, when, entitlement=entitlement, billing=billing)
            return
        pending = [e for e in subscription.events if e.active and e.kind == "CANCEL"]
        access = subscription.entitlement_end
        is_open = access is not None and str(access["effective_date"]) > str(when)
        if is_open and pending and pending[0].at > when:
            self.kb.uncancel(subscription, when)

    def change(self, subscription: Subscription, when: datetime, policy: Policy) -> None:
        """Go to another plan, or take back a change that has not come yet."""
        if not self._may_change(subscription):
            return
        if any(e.active and e.kind == "CHANGE" and e.at > when for e in subscription.events):
            self.kb.undo_change(subscription, when)
            return
        state = state_at(subscription, when)
        choices = [
            name
            for name in self.market.plans
            if name != "season-pass" and (state is None or not state.plan.startswith(name))
        ]
        if state is not None and subscription.category == "BASE" and choices:
            self.kb.change_plan(subscription, self.random.choice(choices), when, policy)

    def seats(self, subscription: Subscription, when: datetime) -> None:
        """Bill another number of units."""
        state = state_at(subscription, when)
        if state is not None and state.plan.startswith(SEATED):
            quantity = state.quantity + self.random.choice((-2, -1, 1, 1, 2, 3, 5))
            self.kb.set_quantity(subscription, self._seats(quantity), when)

    def _seats(self, quantity: int) -> int:
        """Return a number of units whose price the engine can keep: it has six digits for it."""
        return min(max(quantity, 1), 6 if self.account.currency == "JPY" else 500)

    def add_on(self, subscription: Subscription, when: datetime) -> None:
        """Add what comes with a base."""
        state = state_at(subscription, when)
        if state is not None and state.plan.startswith(SEATED) and self.market.add_ons:
            self.kb.add_on(subscription, self.random.choice(self.market.add_ons), when)

    def pause(self, subscription: Subscription, when: datetime) -> None:
        """Pause a bundle, or let it go on."""
        bundle = subscription.bundle
        if any(block.stops_billing for block in bundle.blocked[-1:]):
            self.kb.resume(bundle, when)
        else:
            self.kb.pause(bundle, when)

    def transfer(self, subscription: Subscription, when: datetime) -> None:
        """Move a bundle to another account of the household, which lives on in its place."""
        target = self.kb.account(
            self.market.tenant,
            when,
            str(self.account.row["country"] or "US"),
            name=f"{self.account.row['name']} (new owner)",
            currency=self.account.currency,
        )
        self.kb.transfer(subscription.bundle, target, when)

    def correct(self, action: str, when: datetime) -> None:
        """Bill something else, or give something back."""
        kb, account, random = self.kb, self.account, self.random
        if action == "one_off":
            kb.charge(account, random.randint(2, 40) * 10, when)
        elif action == "credit":
            kb.credit(account, 10, when)
        for invoice in account.invoices[-1:]:
            paid = [p for p in invoice.payments if p.amount and not p.refunded]
            if action == "refund" and paid:
                kb.refund(paid[0], when)
            items = [i for s in account.subscriptions for i in s.items if i.invoice is invoice]
            if action == "adjust" and items and items[0].left > 1:
                kb.adjust(items[0], account.rounded(items[0].left / 2), when)
