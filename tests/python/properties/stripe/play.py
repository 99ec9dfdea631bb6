"""Perform a history on the simulator, and hand back all that Stripe said of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property, singledispatchmethod

from reference.stripe.truth import item_of
from tidemill_cli.demo.stripe.catalog import Coupon, Price, Tier
from tidemill_cli.demo.stripe.engine import Buy, StripeEngine
from tidemill_cli.demo.stripe.model import Customer, Discount, Invoice, Item, Subscription
from tidemill_cli.demo.stripe.render import Doc

from . import actions as do
from .catalogue import COUPONS, CUSTOMERS, DAYS, PRICES, START, WORTH

END = START + timedelta(days=DAYS)
PAUSE = timedelta(seconds=1)
CHANGING = ("trialing", "active", "past_due")


@dataclass(frozen=True)
class Played:
    """What Stripe said, what it says at the end, and what was captured on the way."""

    objects: dict[str, list[Doc]]
    events: list[Doc]
    captures: list[tuple[datetime, list[Doc]]]
    prices: dict[str, Price]
    discounts: dict[str, Discount]
    # By customer, in percent.
    tax_rates: dict[str, int] = field(default_factory=dict)

    @cached_property
    def lines(self) -> dict[str, list[Doc]]:
        """The lines of invoices by the subscription item that they bill."""
        found: dict[str, list[Doc]] = {}
        for invoice in self.objects.get("invoices", ()):
            for line in invoice["lines"]["data"]:
                item = item_of(line)
                if item is not None:
                    found.setdefault(item, []).append(line)
        return found


def play(engine: StripeEngine, history: Iterable[do.Action], until: datetime = END) -> Played:
    """Perform actions in order of time, leaving out those that make no sense when they come."""
    player = Player(engine)
    for action in history:
        player.perform(action)
    engine.run_until(max(until, player.now))
    # A discount for one invoice may have been used up before anybody could look.
    for customer in engine.customers:
        for invoice in customer.invoices:
            player.know(held for line in invoice.lines for held, _ in line.discounts)
    return Played(
        engine.objects(),
        engine.events(),
        player.captures,
        {price.id: price for price in engine.prices},
        player.discounts,
        {customer.id: customer.tax_rate for customer in engine.customers},
    )


@dataclass
class Player:
    """A simulator with the fixed catalogue and customers, and a hand on each subscription."""

    engine: StripeEngine
    now: datetime = START
    prices: dict[tuple[str, str], Price] = field(default_factory=dict)
    coupons: dict[tuple[str, str], Coupon] = field(default_factory=dict)
    customers: list[Customer] = field(default_factory=list)
    slots: dict[tuple[int, int], Subscription] = field(default_factory=dict)
    discounts: dict[str, Discount] = field(default_factory=dict)
    captures: list[tuple[datetime, list[Doc]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Create the catalogue and the customers."""
        account = self.engine.account("Acme")
        names = dict.fromkeys(spec.product for spec in PRICES.values())
        products = {name: self.engine.product(account, name) for name in names}
        for currency, worth in WORTH.items():
            for code, price in PRICES.items():
                if (code, "usd") in self.prices and price.is_shared:
                    self.prices[code, currency] = self.prices[code, "usd"]
                    continue
                amounts = {other: Decimal(price.amount) * worth for other, worth in WORTH.items()}
                self.prices[code, currency] = self.engine.price(
                    products[price.product],
                    amounts[currency],
                    currency,
                    price.interval,
                    price.count,
                    lookup_key=f"{code}_{currency}" if price.is_named else None,
                    tiers=[
                        Tier(
                            tier.up_to,
                            Decimal(tier.unit_amount) * worth,
                            Decimal(tier.flat_amount) * worth,
                        )
                        for tier in price.tiers
                    ],
                    tiers_mode=price.tiers_mode,
                    transform=price.transform,
                    metered=price.metered,
                    tax_included=price.tax_included,
                    currency_options=amounts if price.is_shared else None,
                )
            for code, coupon in COUPONS.items():
                off = coupon.amount_off
                self.coupons[code, currency] = self.engine.coupon(
                    account,
                    code,
                    percent_off=coupon.percent_off,
                    amount_off=None if off is None else Decimal(off) * worth,
                    currency=currency,
                    duration=coupon.duration,
                    months=coupon.months,
                    products=[] if coupon.product is None else [products[coupon.product]],
                )
        for customer in CUSTOMERS:
            self.customers.append(
                self.engine.customer(
                    account,
                    START,
                    customer.country,
                    tax_rate=customer.tax_rate,
                    pays_after=5,
                )
            )

    def perform(self, action: do.Action) -> None:
        """Let time come to the action, and do it if it makes sense."""
        # Two changes within a second are one to a sync engine.
        self.now = max(action.at, self.now + PAUSE)
        self.engine.run_until(self.now)
        while self._is_busy():
            self.now += PAUSE
            self.engine.run_until(self.now)
        self._do(action)

    def _is_busy(self) -> bool:
        now = int(self.now.timestamp())
        return any(c.journal.events and c.journal.events[-1]["created"] == now for c in self.live)

    @property
    def live(self) -> list[Customer]:
        """Return those who were not deleted."""
        return [customer for customer in self.customers if not customer.deleted]

    def _current(self, action: do.Action) -> Subscription | None:
        """The slot's subscription, if it is in a state in which it can change."""
        key = (getattr(action, "customer", 0), getattr(action, "slot", 0))
        found = self.slots.get(key)
        return found if found is not None and found.status in CHANGING else None

    def _price(self, customer: int, code: str) -> Price:
        return self.prices[code, CUSTOMERS[customer].currency]

    def _bought(self, customer: int, items: tuple[tuple[str, int], ...]) -> list[Buy]:
        return [Buy(self._price(customer, code), count) for code, count in items]

    @singledispatchmethod
    def _do(self, action: do.Action) -> None:
        raise TypeError(f"nobody plays {action!r}")

    @_do.register
    def _(self, action: do.Subscribe) -> None:
        customer = self.customers[action.customer]
        held = self.slots.get((action.customer, action.slot))
        if customer.deleted or (held is not None and not held.is_over):
            return
        bought = self._bought(action.customer, action.items)
        coupons = [
            self.coupons[code, CUSTOMERS[action.customer].currency] for code in action.coupons
        ]
        if not all(_is_borne(coupon, [buy.price for buy in bought]) for coupon in coupons):
            coupons = []
        if customer.discount is not None and any(c.duration != "forever" for c in coupons):
            coupons = []
        cancels_in = action.cancels_in
        made = self.engine.subscribe(
            customer,
            bought,
            self.now,
            currency=CUSTOMERS[action.customer].currency,
            trial_days=action.trial_days,
            missing_payment_method=action.missing_card,
            backdate_to=self.now - action.starts_ago if action.starts_ago else None,
            anchor=None if action.anchored_in is None else self.now + action.anchored_in,
            coupons=coupons,
            days_until_due=action.days_until_due,
            after_retries=action.after_retries,
            flexible=action.flexible,
            itemize_prorations=action.itemized,
            cancel_at=None if cancels_in is None else self.now + cancels_in,
        )
        self.slots[action.customer, action.slot] = made
        self.know(made.discounts)

    @_do.register
    def _(self, action: do.ChangePrice) -> None:
        current = self._current(action)
        price = self._price(action.customer, action.price)
        if current is None:
            return
        item = current.items[action.item % len(current.items)]
        if item.price.metered or any(other.price is price for other in current.items):
            return
        if item.price.cadence != price.cadence and len(current.items) > 1:
            self._change_interval(current, item, price, action)
            return
        self.engine.change_price(
            current,
            price,
            self.now,
            item=item,
            quantity=action.quantity,
            proration_behavior=action.proration,
            new_item=action.new_item,
        )

    def _change_interval(
        self, current: Subscription, item: Item, price: Price, action: do.ChangePrice
    ) -> None:
        """Give each item a price of the new interval, if there are enough of them."""
        if current.flexible:
            if _are_borne(
                [d.coupon for d in current.discounts], [i.price for i in current.items], price
            ):
                self.engine.change_price(
                    current, price, self.now, item=item, proration_behavior=action.proration
                )
            return
        currency = CUSTOMERS[action.customer].currency
        others = [
            other
            for (_, code), other in self.prices.items()
            if code == currency
            and other.cadence == price.cadence
            and other is not price
            and not other.metered
        ]
        if any(i.price.metered for i in current.items) or len(others) + 1 < len(current.items):
            return
        wanted = {item: price}
        for each in current.items:
            if each is not item:
                wanted[each] = others.pop(0)
        self.engine.change_prices(current, wanted, self.now, proration_behavior=action.proration)

    @_do.register
    def _(self, action: do.SetQuantity) -> None:
        current = self._current(action)
        if current is None:
            return
        item = current.items[action.item % len(current.items)]
        if not item.price.metered and item.quantity != action.quantity:
            self.engine.set_quantity(
                current,
                action.quantity,
                self.now,
                item=item,
                proration_behavior=action.proration,
            )

    @_do.register
    def _(self, action: do.AddItem) -> None:
        current = self._current(action)
        price = self._price(action.customer, action.price)
        if current is None or any(item.price is price for item in current.items):
            return
        prices = [item.price for item in current.items]
        held = [discount.coupon for discount in current.discounts]
        is_alike = price.cadence == current.item.price.cadence
        if (is_alike or current.flexible) and _are_borne(held, prices, price):
            self.engine.add_item(
                current,
                price,
                self.now,
                quantity=action.quantity,
                proration_behavior=action.proration,
            )

    @_do.register
    def _(self, action: do.RemoveItem) -> None:
        current = self._current(action)
        if current is not None and len(current.items) > 1:
            item = current.items[action.item % len(current.items)]
            self.engine.remove_item(item, self.now, proration_behavior=action.proration)

    @_do.register
    def _(self, action: do.Cancel) -> None:
        found = self.slots.get((action.customer, action.slot))
        if found is not None and not found.is_over:
            self.engine.cancel(found, self.now, reason=action.reason)

    @_do.register
    def _(self, action: do.PlanEnd) -> None:
        current = self._current(action)
        if current is not None and action.ends_in is None:
            self.engine.cancel_at_period_end(current, self.now)
        elif current is not None and action.ends_in is not None:
            self.engine.schedule_cancel(current, self.now + action.ends_in, self.now)

    @_do.register
    def _(self, action: do.TakeBackEnd) -> None:
        current = self._current(action)
        if current is not None and current.cancel_at is not None:
            self.engine.uncancel(current, self.now)

    @_do.register
    def _(self, action: do.Pause) -> None:
        current = self._current(action)
        if current is not None and current.pause is None:
            resumes_at = None if action.resumes_in is None else self.now + action.resumes_in
            self.engine.pause_collection(current, self.now, action.behavior, resumes_at)

    @_do.register
    def _(self, action: do.Resume) -> None:
        found = self.slots.get((action.customer, action.slot))
        if found is not None and found.status == "paused":
            self.engine.resume(found, self.now)
        elif found is not None and not found.is_over and found.pause is not None:
            self.engine.resume_collection(found, self.now)

    @_do.register
    def _(self, action: do.MoveTrialEnd) -> None:
        current = self._current(action)
        if current is not None and current.status == "trialing":
            self.engine.extend_trial(current, self.now + action.ends_in, self.now)

    @_do.register
    def _(self, action: do.Use) -> None:
        current = self._current(action)
        metered = [] if current is None else [i for i in current.items if i.price.metered]
        if metered:
            self.engine.use(metered[0], action.units, self.now)

    @_do.register
    def _(self, action: do.PlanItems) -> None:
        current = self._current(action)
        if current is None or any(item.price.metered for item in current.items):
            return
        bought = self._bought(action.customer, action.items)
        self.engine.schedule_change(
            current,
            bought,
            self.now + action.starts_in,
            self.now,
            proration_behavior=action.proration,
        )

    @_do.register
    def _(self, action: do.PlanStart) -> None:
        customer = self.customers[action.customer]
        if not customer.deleted:
            bought = self._bought(action.customer, action.items)
            currency = CUSTOMERS[action.customer].currency
            self.engine.schedule_start(
                customer, bought, self.now + action.starts_in, self.now, currency=currency
            )

    @_do.register
    def _(self, action: do.Release) -> None:
        for schedule in self.customers[action.customer].schedules[-1:]:
            if schedule.status in ("active", "not_started"):
                self.engine.release(schedule, self.now)

    @_do.register
    def _(self, action: do.GiveCoupon) -> None:
        customer = self.customers[action.customer]
        coupon = self.coupons[action.coupon, CUSTOMERS[action.customer].currency]
        current = self._current(action)
        if action.slot is None:
            # Stripe lets a subscription's own discounts take the place of the customer's.
            held = [d.coupon.duration for s in customer.live for d in s.discounts]
            is_simple = coupon.duration == "forever" and coupon.percent_off is not None
            if not customer.deleted and is_simple and set(held) <= {"forever"}:
                self.know([self.engine.apply_coupon(customer, coupon, self.now)])
            return
        if current is None or any(d.coupon is coupon for d in current.discounts):
            return
        if customer.discount is not None and coupon.duration != "forever":
            return
        durations = {coupon.duration, *(d.coupon.duration for d in current.discounts)}
        if action.item is not None:
            item = current.items[action.item % len(current.items)]
            is_simple = coupon.percent_off is not None and not coupon.products
            if durations == {"forever"} and is_simple and not item.discounts:
                self.know([self.engine.apply_coupon(item, coupon, self.now)])
        elif _is_borne(coupon, [item.price for item in current.items]) and (
            durations == {"forever"} or not any(item.discounts for item in current.items)
        ):
            self.know([self.engine.apply_coupon(current, coupon, self.now)])

    @_do.register
    def _(self, action: do.TakeCoupon) -> None:
        customer = self.customers[action.customer]
        own = [] if customer.discount is None else [customer.discount]
        for subscription in customer.live:
            own += subscription.discounts
            own += [held for item in subscription.items for held in item.discounts]
        if action.index < len(own) and not customer.deleted:
            self.engine.remove_discount(customer, own[action.index], self.now)

    @_do.register
    def _(self, action: do.SetCard) -> None:
        customer = self.customers[action.customer]
        if customer.deleted:
            return
        if customer.has_card != action.present:
            self.engine.set_payment_method(customer, self.now, present=action.present)
        if action.failing:
            self.engine.fail_payments(customer, self.now)
        else:
            self.engine.restore_payments(customer, self.now)

    def _unpaid(self, customer: int, statuses: tuple[str, ...]) -> list[Invoice]:
        found = self.customers[customer]
        return [] if found.deleted else [i for i in found.invoices if i.status in statuses][:1]

    @_do.register
    def _(self, action: do.PayInvoice) -> None:
        for invoice in self._unpaid(action.customer, ("open", "uncollectible")):
            self.engine.pay(invoice, self.now)

    @_do.register
    def _(self, action: do.GiveUpInvoice) -> None:
        for invoice in self._unpaid(action.customer, ("open",)):
            if action.voided:
                self.engine.void_invoice(invoice, self.now)
            else:
                self.engine.mark_uncollectible(invoice, self.now)

    @_do.register
    def _(self, action: do.GiveBack) -> None:
        customer = self.customers[action.customer]
        for invoice in customer.invoices[-1:]:
            charge, amount = invoice.charge, invoice.total * action.percent // 100
            is_whole = charge is not None and charge.paid and not charge.amount_refunded
            if customer.deleted or amount <= 0 or invoice.credit_notes:
                return
            if action.credit_note and invoice.status in ("open", "paid"):
                refunds = is_whole and charge is not None and amount <= charge.amount
                if invoice.status == "paid" or amount <= invoice.amount_due:
                    self.engine.credit_note(invoice, self.now, action.percent, refund=refunds)
            elif is_whole and invoice.amount_paid * action.percent // 100 > 0:
                self.engine.refund(invoice, self.now, action.percent)

    @_do.register
    def _(self, action: do.ChangeCountry) -> None:
        if not self.customers[action.customer].deleted:
            self.engine.change_country(self.customers[action.customer], action.country, self.now)

    @_do.register
    def _(self, action: do.DeleteCustomer) -> None:
        if not self.customers[action.customer].deleted:
            self.engine.delete_customer(self.customers[action.customer], self.now)

    @_do.register
    def _(self, action: do.Capture) -> None:
        self.captures.append((self.now, self.engine.objects().get("subscriptions", [])))

    def know(self, discounts: Iterable[Discount]) -> None:
        """Keep discounts by their id."""
        self.discounts.update({discount.id: discount for discount in discounts})


def _is_borne(coupon: Coupon, prices: Iterable[Price]) -> bool:
    """Tell whether what an invoice bears of a coupon is what a period of its items bears.

    An amount off is spread over the usage of an invoice, too, and comes off every invoice, be it
    for a month or a year.
    """
    prices = list(prices)
    return coupon.percent_off is not None or (
        not any(price.metered for price in prices) and len({p.cadence for p in prices}) == 1
    )


def _are_borne(coupons: Iterable[Coupon], prices: Iterable[Price], more: Price) -> bool:
    return all(_is_borne(coupon, [*prices, more]) for coupon in coupons)
