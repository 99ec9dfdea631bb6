"""A history of Stripe in which everything happens that changes MRR, and what it truly came to."""

from dataclasses import dataclass

from generator.stripe.scripts import at, engine
from reference.stripe.truth import Row, subscription_intervals
from tidemill_cli.demo.stripe.engine import Buy, StripeEngine
from tidemill_cli.demo.stripe.model import Discount, Subscription

AS_OF = "2024-06-15T12:00:00+00:00"


@dataclass(frozen=True)
class History:
    """The simulator after it all, the truth, and subscriptions by a name."""

    stripe: StripeEngine
    truth: list[Row]
    accounts: dict[str, str]  # by customer
    names: dict[str, Subscription]

    @property
    def tenants(self) -> list[str]:
        """The two accounts, the one in Tokyo last."""
        return [account.id for account in self.stripe.accounts]


def play() -> History:
    """Let everything happen, in dollars, dinars and yen, in two accounts."""
    stripe = engine()
    acme, tokyo = stripe.account("Acme"), stripe.account("Tokyo", "JP", "JPY")
    product = stripe.product(acme, "Core")
    basic = stripe.price(product, "50", lookup_key="basic")
    pro = stripe.price(product, "120", lookup_key="pro")
    seat = stripe.price(product, "10", lookup_key="seat")
    year = stripe.price(product, "100", interval="year", lookup_key="year")
    week = stripe.price(product, "12", interval="week", lookup_key="week")
    dinar = stripe.price(product, "10.5", "KWD", "year", lookup_key="dinar")
    free = stripe.price(product, "0", lookup_key="free")
    usage = stripe.price(product, "0.4", metered=True, lookup_key="usage")
    quarter_off = stripe.coupon(acme, "quarter_off", percent_off="25")
    fifth_off = stripe.coupon(acme, "fifth_off", percent_off="20", duration="repeating", months=2)
    sold = stripe.product(tokyo, "Core")
    yen = stripe.price(sold, "4000", "JPY", lookup_key="yen")
    yen_year = stripe.price(sold, "50000", "JPY", "year", lookup_key="yen_year")
    names: dict[str, Subscription] = {}
    discounts: list[Discount] = []

    customer = stripe.customer(acme, at("2024-01-01"), "US")
    tried = stripe.subscribe(customer, basic, at("2024-01-10T09:00"), trial_days=14)
    stripe.set_quantity(tried, 3, at("2024-02-10T14:30"))
    stripe.cancel_at_period_end(tried, at("2024-03-05T10:00"))
    names["tried"] = tried

    customer = stripe.customer(acme, at("2024-01-01"), "DE")
    names["yearly"] = stripe.subscribe(customer, year, at("2024-01-03T23:30"))
    # Late in the day in London is the same day in New York, and early is the day before.
    weekly = stripe.subscribe(customer, week, at("2024-01-20T02:00"))
    stripe.cancel(weekly, at("2024-04-11T01:15"))
    names["weekly"] = weekly

    customer = stripe.customer(acme, at("2024-01-01"), "DE")
    bought = [Buy(basic), Buy(seat, 5)]
    several = stripe.subscribe(customer, bought, at("2024-01-15"), coupons=[quarter_off])
    stripe.change_price(several, pro, at("2024-02-03T16:00"))
    stripe.remove_item(several.items[1], at("2024-03-20T11:00"))
    names["several"] = several
    discounts += several.discounts

    customer = stripe.customer(acme, at("2024-01-01"), "FR")
    helped = stripe.subscribe(customer, pro, at("2024-02-01T08:00"), coupons=[fifth_off])
    names["helped"] = helped
    discounts += helped.discounts

    customer = stripe.customer(acme, at("2024-01-01"), "FR")
    names["late"] = stripe.subscribe(customer, basic, at("2024-01-05"))
    stripe.fail_payments(customer, at("2024-02-20"))
    stripe.restore_payments(customer, at("2024-03-06"))

    customer = stripe.customer(acme, at("2024-01-01"), "US")
    paused = stripe.subscribe(customer, basic, at("2024-01-08"))
    stripe.pause_collection(paused, at("2024-02-20T12:00"), resumes_at=at("2024-03-10T12:00"))
    names["paused"] = paused

    customer = stripe.customer(acme, at("2024-01-01"), "KW")
    names["dinar"] = stripe.subscribe(customer, dinar, at("2024-01-12"))
    customer = stripe.customer(acme, at("2024-01-01"), "US")
    stripe.subscribe(customer, free, at("2024-01-12"))
    names["usage"] = stripe.subscribe(customer, [usage, basic], at("2024-02-12"))
    # There and gone within a day.
    gone = stripe.subscribe(customer, pro, at("2024-03-03T15:00"))
    stripe.cancel(gone, at("2024-03-03T18:00"))

    customer = stripe.customer(tokyo, at("2024-01-01"), "JP")
    # Early in Tokyo, the day before in London.
    names["yen"] = stripe.subscribe(customer, yen, at("2024-01-15T20:00"))
    stripe.set_quantity(names["yen"], 2, at("2024-04-02T20:00"))
    customer = stripe.customer(tokyo, at("2024-01-01"), "JP")
    names["yen_year"] = stripe.subscribe(customer, yen_year, at("2024-02-01"))
    stripe.set_quantity(names["yen_year"], 2, at("2024-05-10T06:00"))

    stripe.run_until(at(AS_OF[:19]))
    truth = subscription_intervals(
        stripe.events(),
        {price.id: price for price in stripe.prices},
        {held.id: held for held in discounts},
    )
    accounts = {each.id: each.account.id for each in stripe.customers}
    return History(stripe, truth, accounts, names)
