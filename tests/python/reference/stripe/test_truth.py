"""The truth in histories whose intervals are worked out by hand."""

from datetime import UTC, datetime
from decimal import Decimal

from tidemill_cli.demo.stripe.catalog import Price
from tidemill_cli.demo.stripe.engine import StripeEngine
from tidemill_cli.demo.stripe.model import Customer, Discount

from .truth import Row, subscription_intervals


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class World:
    """One customer with a card, and a price of $50 a month."""

    def __init__(self) -> None:
        self.stripe = StripeEngine(1, at("2024-01-01"))
        self.account = self.stripe.account("Acme")
        self.basic = self.price("50")
        self.customer: Customer = self.stripe.customer(self.account, at("2024-01-01"), "DE")
        self.discounts: list[Discount] = []

    def price(self, amount: str) -> Price:
        product = self.stripe.product(self.account, f"Product {amount}")
        return self.stripe.price(product, amount, lookup_key=f"for_{amount}")

    def rows(self, until: str) -> list[Row]:
        self.stripe.run_until(at(until))
        return subscription_intervals(
            self.stripe.events(),
            {price.id: price for price in self.stripe.prices},
            {held.id: held for held in self.discounts},
        )

    def told(self, until: str, *columns: str) -> list[tuple[object, ...]]:
        """Rows in order of time: from, until, and some columns."""
        return [
            (_day(row["valid_from"]), _day(row["valid_to"]), *(row[name] for name in columns))
            for row in sorted(self.rows(until), key=lambda row: (row["valid_from"], row["plan"]))
        ]


def _day(when: datetime | None) -> str:
    return "" if when is None else f"{when:%m-%d}"


def test_a_trial_a_change_and_an_end() -> None:
    world = World()
    made = world.stripe.subscribe(world.customer, world.basic, at("2024-01-01"), trial_days=14)
    world.stripe.set_quantity(made, 3, at("2024-02-01"), proration_behavior="none")
    world.stripe.cancel(made, at("2024-03-05"))
    assert world.told("2024-04-01", "status", "quantity", "amount") == [
        ("01-01", "01-15", "trialing", 1, 50),
        ("01-15", "02-01", "active", 1, 50),
        ("02-01", "03-05", "active", 3, 150),
    ]


def test_a_debt_and_a_pause() -> None:
    world = World()
    made = world.stripe.subscribe(world.customer, world.basic, at("2024-01-01"))
    world.stripe.fail_payments(world.customer, at("2024-01-20"))
    world.stripe.restore_payments(world.customer, at("2024-02-02"))
    world.stripe.pause_collection(made, at("2024-02-20"), resumes_at=at("2024-03-10"))
    # The card is charged on 1 February at one o'clock, and three days later again.
    assert world.told("2024-04-01", "status") == [
        ("01-01", "02-01", "active"),
        ("02-01", "02-04", "past_due"),
        ("02-04", "02-20", "active"),
        ("02-20", "03-10", "paused"),
        ("03-10", "", "active"),
    ]


def test_a_first_payment_that_fails_lets_nothing_begin() -> None:
    world = World()
    world.stripe.fail_payments(world.customer, at("2024-01-01"))
    world.stripe.subscribe(world.customer, world.basic, at("2024-01-02"))
    assert world.rows("2024-02-01") == []


def test_a_start_in_the_past_is_when_it_began() -> None:
    world = World()
    past = at("2024-01-10")
    world.stripe.subscribe(world.customer, world.basic, at("2024-02-01"), backdate_to=past)
    assert world.told("2024-03-01", "status") == [("01-10", "", "active")]


def test_discounts_are_taken_one_after_the_other() -> None:
    world = World()
    repeating = world.stripe.coupon(
        world.account, "two", amount_off="10", duration="repeating", months=2
    )
    forever = world.stripe.coupon(world.account, "tenth", percent_off="10")
    coupons = (repeating, forever)
    made = world.stripe.subscribe(world.customer, world.basic, at("2024-01-01"), coupons=coupons)
    world.discounts = list(made.discounts)
    # 10 off 50, then a tenth of 40; after two months a tenth of 50.
    assert world.told("2024-04-01", "repeating_discount", "forever_discount") == [
        ("01-01", "03-01", 10, 4),
        ("03-01", "", 0, 5),
    ]


def test_a_discount_for_one_invoice_is_what_it_takes_beyond_those_that_last() -> None:
    world = World()
    once = world.stripe.coupon(world.account, "once", amount_off="5", duration="once")
    forever = world.stripe.coupon(world.account, "quarter", percent_off="25")
    made = world.stripe.subscribe(world.customer, world.basic, at("2024-01-01"), trial_days=7)
    world.discounts = [
        world.stripe.apply_coupon(made, c, at("2024-01-02")) for c in (once, forever)
    ]
    # The invoice of 8 January takes 5, and a quarter of 45: 16.25. What lasts takes 12.50.
    assert world.told("2024-03-01", "once_discount", "forever_discount")[1:] == [
        ("01-02", "01-08", 0, Decimal("12.5")),
        ("01-08", "02-08", Decimal("3.75"), Decimal("12.5")),
        ("02-08", "", 0, Decimal("12.5")),
    ]


def test_an_amount_off_is_spread_over_the_items() -> None:
    world = World()
    coupon = world.stripe.coupon(world.account, "twenty", amount_off="20")
    small, free = world.price("30"), world.price("0")
    made = world.stripe.subscribe(
        world.customer, [world.basic, small, free], at("2024-01-01"), coupons=[coupon]
    )
    world.discounts = list(made.discounts)
    assert world.told("2024-02-01", "plan", "forever_discount") == [
        ("01-01", "", "for_0", 0),
        ("01-01", "", "for_30", Decimal("7.5")),
        ("01-01", "", "for_50", Decimal("12.5")),
    ]
