"""Script the simulator: perform actions at instants, then read what Stripe would say.

    stripe = StripeEngine(seed=1, start=datetime(2024, 1, 1, tzinfo=UTC))
    acme = stripe.account("Acme")
    basic = stripe.price(stripe.product(acme, "Basic"), "50")
    customer = stripe.customer(acme, at=...)
    subscription = stripe.subscribe(customer, basic, at=...)
    stripe.run_until(...)
    stripe.objects()["subscriptions"], stripe.events()

Times are aware datetimes; amounts are in major units. Each customer has its own clock, which only
runs forwards: an action first lets everything due by then happen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from tidemill_cli.demo.stripe import (
    changes,
    discounts,
    ends,
    invoicing,
    payments,
    periods,
    schedules,
)
from tidemill_cli.demo.stripe.catalog import (
    Account,
    Amount,
    Coupon,
    Price,
    Tier,
    Transform,
    rounded,
    to_minor,
)
from tidemill_cli.demo.stripe.catalogue import Catalogue
from tidemill_cli.demo.stripe.clock import DAY, instant
from tidemill_cli.demo.stripe.journal import Journal, Shapes
from tidemill_cli.demo.stripe.model import (
    AfterRetries,
    CreditNote,
    Customer,
    Discount,
    Invoice,
    Item,
    MissingCard,
    PauseBehavior,
    Proration,
    Refund,
    Schedule,
    Subscription,
)
from tidemill_cli.demo.stripe.render import Doc, Shape
from tidemill_cli.demo.stripe.tables import catalog_objects, customer_objects

__all__ = ["Buy", "StripeEngine", "Tier", "Transform", "Try"]


@dataclass(frozen=True, slots=True)
class Try:
    """A trial of one item: for some whole periods of a price of its own, or of the same one."""

    periods: int = 1
    price: Price | None = None


@dataclass(frozen=True, slots=True)
class Buy:
    """A price to subscribe to, how many of it, and the coupons and trial of this item alone."""

    price: Price
    quantity: int = 1
    coupons: tuple[Coupon, ...] = ()
    trial: Try | None = None


Bought = Price | Buy | Sequence[Price | Buy]


class StripeEngine(Catalogue):
    """A billing engine to script, deterministic by seed."""

    def __init__(
        self,
        seed: int,
        start: datetime,
        shape: Shape = "acacia",
        *,
        clover_from: datetime | None = None,
        events: bool = True,
    ) -> None:
        """Start with nothing at an instant; payloads turn to the newer shape when asked."""
        super().__init__(seed, start, shape, clover_from=clover_from, events=events)
        self.customers: list[Customer] = []

    # Customers

    def customer(
        self,
        account: Account,
        at: datetime,
        country: str | None = None,
        *,
        name: str | None = None,
        email: str | None = None,
        tax_rate: int = 0,
        payment_method: bool = True,
        pays_after: int | None = 0,
        metadata: dict[str, str] | None = None,
        livemode: bool = True,
    ) -> Customer:
        """Create a customer; `pays_after` days invoices that were sent are paid (None: never)."""
        made = new_customer(
            account, Random(self._random.getrandbits(64)), instant(at), self.shapes, self._events
        )
        made.name = name or f"Customer {len(self.customers) + 1}"
        made.email, made.country, made.tax_rate = email, country, tax_rate
        made.has_card, made.pays_after = payment_method, pays_after
        made.metadata, made.livemode = dict(metadata or {}), livemode
        made.journal.livemode = livemode
        self.customers.append(made)
        made.journal.customer(made, made.created, "created")
        return made

    def change_country(self, customer: Customer, country: str, at: datetime) -> None:
        """Move a customer to another country, in place."""
        when = self._act(customer, at)
        customer.country = country
        customer.journal.customer(customer, when)

    def set_payment_method(self, customer: Customer, at: datetime, *, present: bool = True) -> None:
        """Attach a card, or detach it."""
        when = self._act(customer, at)
        customer.has_card = present
        customer.journal.customer(customer, when)

    def fail_payments(self, customer: Customer, at: datetime) -> None:
        """Let the customer's card be declined from now on."""
        self._act(customer, at)
        customer.failing = True

    def restore_payments(self, customer: Customer, at: datetime) -> None:
        """Let the card work again: the next attempt succeeds."""
        self._act(customer, at)
        customer.failing = False

    def delete_customer(self, customer: Customer, at: datetime) -> None:
        """Delete a customer; its subscriptions end at once."""
        ends.delete_customer(customer, self._act(customer, at))

    # Subscriptions

    def subscribe(
        self,
        customer: Customer,
        bought: Bought,
        at: datetime,
        *,
        quantity: int = 1,
        currency: str | None = None,
        trial_days: int = 0,
        missing_payment_method: MissingCard = "create_invoice",
        backdate_to: datetime | None = None,
        anchor: datetime | None = None,
        proration_behavior: Proration = "create_prorations",
        coupons: Sequence[Coupon] = (),
        days_until_due: int | None = None,
        after_retries: AfterRetries = "cancel",
        flexible: bool = False,
        itemize_prorations: bool = False,
        cancel_at: datetime | None = None,
        metadata: dict[str, str] | None = None,
    ) -> Subscription:
        """Subscribe to prices; `anchor` is the end of a shorter first period.

        With `days_until_due` invoices are sent; else the card is charged at once.
        """
        when = self._act(customer, at)
        wanted = _bought(bought, quantity)
        made = Subscription(
            customer.new_id("sub"),
            customer,
            (currency or wanted[0].price.currency).lower(),
            when,
            when,
            when if backdate_to is None else instant(backdate_to),
            when if anchor is None else instant(anchor),
            collection_method="send_invoice" if days_until_due else "charge_automatically",
            days_until_due=days_until_due,
            flexible=flexible,
            itemized=itemize_prorations,
            missing_card=missing_payment_method,
            after_retries=after_retries,
            metadata=dict(metadata or {}),
        )
        if trial_days:
            made.trial_start, made.trial_end = when, when + trial_days * DAY
        for buy in wanted:
            item = changes.new_item(made, buy.price, buy.quantity, when)
            if buy.trial is not None:
                changes.begin_trial(item, buy.trial.price, buy.trial.periods)
            for coupon in buy.coupons:
                discounts.hold(customer, coupon, when, made, item)
        for coupon in coupons:
            discounts.hold(customer, coupon, when, made)
        if cancel_at is not None:
            made.cancel_at = instant(cancel_at)
            made.canceled_at, made.cancel_reason = when, "cancellation_requested"
        changes.check(made)
        periods.begin(made, when, prorate=proration_behavior != "none")
        periods.plan_end(made)
        return made

    def change_price(
        self,
        subscription: Subscription,
        price: Price,
        at: datetime,
        *,
        item: Item | None = None,
        quantity: int | None = None,
        proration_behavior: Proration = "create_prorations",
        new_item: bool = False,
    ) -> Item:
        """Swap the price of an item (the first one); with `new_item`, the item is replaced."""
        when = self._act(subscription.customer, at)
        old = item or subscription.item
        count = old.quantity if quantity is None else quantity
        change = changes.Change(old, price, count, new_item)
        return changes.apply(subscription, [change], when, proration_behavior)[0]

    def change_prices(
        self,
        subscription: Subscription,
        prices: dict[Item, Price],
        at: datetime,
        *,
        proration_behavior: Proration = "create_prorations",
    ) -> None:
        """Swap the prices of several items in one update, as another interval needs it."""
        when = self._act(subscription.customer, at)
        steps = [changes.Change(item, price, item.quantity) for item, price in prices.items()]
        changes.apply(subscription, steps, when, proration_behavior)

    def set_quantity(
        self,
        subscription: Subscription,
        quantity: int,
        at: datetime,
        *,
        item: Item | None = None,
        proration_behavior: Proration = "create_prorations",
    ) -> None:
        """Set the quantity of an item (the first one)."""
        when = self._act(subscription.customer, at)
        old = item or subscription.item
        change = changes.Change(old, old.price, quantity)
        changes.apply(subscription, [change], when, proration_behavior)

    def add_item(
        self,
        subscription: Subscription,
        price: Price,
        at: datetime,
        *,
        quantity: int = 1,
        proration_behavior: Proration = "create_prorations",
    ) -> Item:
        """Bill one more price."""
        when = self._act(subscription.customer, at)
        change = changes.Change(None, price, quantity)
        return changes.apply(subscription, [change], when, proration_behavior)[0]

    def remove_item(
        self, item: Item, at: datetime, *, proration_behavior: Proration = "create_prorations"
    ) -> None:
        """Bill one price less."""
        subscription = item.subscription
        when = self._act(subscription.customer, at)
        changes.apply(subscription, [changes.Change(item, None)], when, proration_behavior)

    def cancel(
        self,
        subscription: Subscription,
        at: datetime,
        *,
        reason: str = "cancellation_requested",
        feedback: str | None = None,
    ) -> None:
        """End a subscription now, without credit for the rest of its period."""
        ends.cancel(subscription, self._act(subscription.customer, at), reason, feedback)

    def cancel_at_period_end(
        self, subscription: Subscription, at: datetime, *, feedback: str | None = None
    ) -> None:
        """Let a subscription end with its running period."""
        when = self._act(subscription.customer, at)
        ends.request(subscription, when, None, feedback)
        periods.plan_end(subscription)

    def schedule_cancel(
        self,
        subscription: Subscription,
        cancel_at: datetime,
        at: datetime,
        *,
        feedback: str | None = None,
    ) -> None:
        """Let a subscription end at an instant; periods are billed whole until then."""
        when = self._act(subscription.customer, at)
        ends.request(subscription, when, instant(cancel_at), feedback)
        periods.plan_end(subscription)

    def uncancel(self, subscription: Subscription, at: datetime) -> None:
        """Take a planned end back."""
        ends.take_back(subscription, self._act(subscription.customer, at))

    def pause_collection(
        self,
        subscription: Subscription,
        at: datetime,
        behavior: PauseBehavior = "void",
        resumes_at: datetime | None = None,
    ) -> None:
        """Stop collecting payments, until resumed."""
        when = self._act(subscription.customer, at)
        until = None if resumes_at is None else instant(resumes_at)
        periods.pause(subscription, when, behavior, until)

    def resume_collection(self, subscription: Subscription, at: datetime) -> None:
        """Collect payments again."""
        periods.unpause(subscription, self._act(subscription.customer, at))

    def resume(self, subscription: Subscription, at: datetime) -> None:
        """Let a subscription go on that was paused at the end of its trial."""
        periods.resume(subscription, self._act(subscription.customer, at))

    def extend_trial(self, subscription: Subscription, trial_end: datetime, at: datetime) -> None:
        """Let a trial end at another time."""
        periods.move_trial_end(
            subscription, self._act(subscription.customer, at), instant(trial_end)
        )

    def use(self, item: Item, units: int, at: datetime) -> None:
        """Use some units of a metered price; they are billed when the period is over."""
        when = self._act(item.subscription.customer, at)
        item.used.append((when, units))

    def schedule_change(
        self,
        subscription: Subscription,
        bought: Bought,
        starts_at: datetime,
        at: datetime,
        *,
        quantity: int = 1,
        proration_behavior: Proration = "create_prorations",
        coupons: Sequence[Coupon] | None = None,
        trial_end: datetime | None = None,
    ) -> Schedule:
        """Plan other items from an instant on; `coupons` take the place of all discounts."""
        when = self._act(subscription.customer, at)
        wanted = _bought(bought, quantity)
        items = [(buy.price, buy.quantity) for buy in wanted]
        plans = None
        if coupons is not None or trial_end is not None:
            plans = _plans(wanted, coupons or (), trial_end, subscription.currency)
        return schedules.plan_change(
            subscription, items, instant(starts_at), when, proration_behavior, plans
        )

    def schedule_start(
        self,
        customer: Customer,
        bought: Bought,
        starts_at: datetime,
        at: datetime,
        *,
        quantity: int = 1,
        currency: str | None = None,
        coupons: Sequence[Coupon] = (),
        trial_end: datetime | None = None,
    ) -> Schedule:
        """Plan a subscription that starts at an instant; it is found on the schedule then."""
        when = self._act(customer, at)
        wanted = _bought(bought, quantity)
        code = (currency or wanted[0].price.currency).lower()

        def begin(now: int) -> Subscription:
            made = Subscription(customer.new_id("sub"), customer, code, now, now, now, now)
            if trial_end is not None:
                made.trial_start, made.trial_end = now, instant(trial_end)
            for buy in wanted:
                item = changes.new_item(made, buy.price, buy.quantity, now)
                for coupon in buy.coupons:
                    discounts.hold(customer, coupon, now, made, item)
            for coupon in coupons:
                discounts.hold(customer, coupon, now, made)
            periods.begin(made, now)
            return made

        items = [(buy.price, buy.quantity) for buy in wanted]
        plans = _plans(wanted, coupons, trial_end, code)
        return schedules.plan_start(customer, items, instant(starts_at), when, begin, plans)

    def release(self, schedule: Schedule, at: datetime) -> None:
        """Drop what a schedule still plans."""
        schedules.release(schedule, self._act(schedule.customer, at))

    # Coupons and invoices

    def apply_coupon(
        self,
        holder: Subscription | Item | Customer,
        coupon: Coupon,
        at: datetime,
    ) -> Discount:
        """Give a coupon to a subscription, to one item of it, or to a customer."""
        if isinstance(holder, Customer):
            when = self._act(holder, at)
            held = discounts.hold(holder, coupon, when)
            holder.journal.customer(holder, when)
            return held
        item = holder if isinstance(holder, Item) else None
        subscription = holder.subscription if isinstance(holder, Item) else holder
        when = self._act(subscription.customer, at)
        held = discounts.hold(subscription.customer, coupon, when, subscription, item)
        subscription.customer.journal.subscription(subscription, when)
        return held

    def remove_discount(self, customer: Customer, discount: Discount, at: datetime) -> None:
        """Take a discount away."""
        when = self._act(customer, at)
        discount.gone_at = when
        if customer.discount is discount:
            customer.discount = None
            customer.journal.customer(customer, when)
        if discount.subscription is not None:
            discounts.forget(discount.subscription, when)
            customer.journal.subscription(discount.subscription, when)

    def invoice_item(
        self, customer: Customer, amount: Amount, description: str, at: datetime
    ) -> None:
        """Add a one-off amount to the customer's next invoice."""
        when = self._act(customer, at)
        code = customer.currency or customer.account.currency
        invoicing.add_item(customer, rounded(to_minor(amount, code)), description, when)

    def bill(self, customer: Customer, at: datetime) -> Invoice:
        """Make an invoice of what is pending for a customer now."""
        when = self._act(customer, at)
        invoice = invoicing.create(customer, None, [], "manual", when)
        invoicing.issue(invoice, when, at_once=True)
        return invoice

    def last_invoice(self, customer: Customer) -> Invoice:
        """Return a customer's newest invoice."""
        return customer.invoices[-1]

    def pay(self, invoice: Invoice, at: datetime) -> None:
        """Pay an open invoice."""
        payments.pay(invoice, self._act(invoice.customer, at))

    def void_invoice(self, invoice: Invoice, at: datetime) -> None:
        """Void an invoice that is not paid."""
        invoicing.void(invoice, self._act(invoice.customer, at))

    def mark_uncollectible(self, invoice: Invoice, at: datetime) -> None:
        """Give an open invoice up."""
        invoicing.mark_uncollectible(invoice, self._act(invoice.customer, at))

    def refund(self, invoice: Invoice, at: datetime, percent: int = 100) -> Refund:
        """Give back a share of what was paid by card, without a credit note."""
        when = self._act(invoice.customer, at)
        return payments.refund(invoice, invoice.amount_paid * percent // 100, when)

    def credit_note(
        self, invoice: Invoice, at: datetime, percent: int = 100, *, refund: bool = True
    ) -> CreditNote:
        """Credit a share of an invoice: refunded (or else kept as balance) if it was paid."""
        when = self._act(invoice.customer, at)
        amount = invoice.total * percent // 100
        return payments.credit_note(invoice, amount, when, refunded=refund)

    # Time and results

    def run_until(self, until: datetime) -> int:
        """Let everything happen that is due up to an instant."""
        when = instant(until)
        for customer in self.customers:
            if customer.now < when:
                customer.advance(when)
        return when

    def events(self, account: Account | None = None) -> list[Doc]:
        """Return webhook bodies in order of time, of one account or of all."""
        journals = [
            *(self._journals[a.id] for a in self.accounts if account in (None, a)),
            *(c.journal for c in self.customers if account in (None, c.account)),
        ]
        found = [event for journal in journals for event in journal.events]
        return sorted(found, key=lambda event: int(event["created"]))

    def objects(self) -> dict[str, list[Doc]]:
        """Return the objects of every table in their final state, ready to be loaded."""
        found = catalog_objects(
            self.accounts, self.products, self.prices, self.coupons, self.shapes
        )
        for customer in self.customers:
            for table, docs in customer_objects(customer, self.shapes).items():
                found.setdefault(table, []).extend(docs)
        return found

    def _act(self, customer: Customer, at: datetime) -> int:
        when = instant(at)
        customer.advance(when)
        return when


def new_customer(
    account: Account, random: Random, when: int, shapes: Shapes, events: bool
) -> Customer:
    """Create a customer whose ids come from a random source of its own."""
    key = f"{random.getrandbits(64):016x}"
    journal = Journal(key, shapes, events)
    return Customer(account, journal, random, f"cus_{key}", when, when, when)


def _bought(bought: Bought, quantity: int) -> list[Buy]:
    if isinstance(bought, Price):
        return [Buy(bought, quantity)]
    if isinstance(bought, Buy):
        return [bought]
    return [each if isinstance(each, Buy) else Buy(each) for each in bought]


def _plans(
    wanted: list[Buy], coupons: Sequence[Coupon], trial_end: datetime | None, currency: str
) -> schedules.Plans:
    return schedules.Plans(
        currency,
        list(coupons),
        {buy.price.id: list(buy.coupons) for buy in wanted},
        None if trial_end is None else instant(trial_end),
    )
