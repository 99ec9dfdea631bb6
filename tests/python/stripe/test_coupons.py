"""Coupons that are for some products only, which Stripe says when somebody asks it."""

from __future__ import annotations

import pytest

from properties.stripe.build import StripeBuild
from tidemill_cli.demo.stripe.catalog import Coupon, Price
from tidemill_cli.demo.stripe.engine import Buy
from tidemill_cli.demo.stripe.render import Shape

from .world import SHAPES, START, World, at

pytestmark = pytest.mark.parametrize("shape", SHAPES)
LIMITED = [
    ("01-01", "", "core", 100, 20),
    ("01-01", "", "seats", 30, 0),
]


class Shop(World):
    """Two products, and a coupon for one of them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.core = self.price("core", "100")
        self.seats = self.price("seats", "30")

    def coupon(self, of: Price, percent: str | None = "20", amount: str | None = None) -> Coupon:
        return self.stripe.coupon(
            self.acme, "limited", percent_off=percent, amount_off=amount, products=[of.product]
        )


@pytest.mark.parametrize("events", [False, True])
@pytest.mark.parametrize("off", [("20", None), (None, "20")])
def test_a_coupon_takes_from_what_it_is_for(
    built: StripeBuild, shape: Shape, events: bool, off: tuple[str | None, str | None]
) -> None:
    world = Shop(shape)
    coupon = world.coupon(world.core, *off)
    bought = [world.core, world.seats]
    world.stripe.subscribe(world.customer(), bought, START, coupons=[coupon])
    assert world.told(built, "plan", "amount", "forever_discount", events=events) == LIMITED


def test_a_coupon_for_nothing_that_was_bought_takes_nothing(
    built: StripeBuild, shape: Shape
) -> None:
    world = Shop(shape)
    coupon = world.coupon(world.core)
    world.stripe.subscribe(world.customer(), world.seats, START, coupons=[coupon])
    for events in (False, True):
        assert world.told(built, "forever_discount", events=events) == [("01-01", "", 0)]


def test_an_item_that_was_not_billed_yet_is_not_lowered_either(
    built: StripeBuild, shape: Shape
) -> None:
    world = Shop(shape)
    coupon = world.coupon(world.core)
    made = world.stripe.subscribe(
        world.customer(), [world.core, world.seats], START, coupons=[coupon]
    )
    (seats,) = [item for item in made.items if item.price is world.seats]
    world.stripe.remove_item(seats, at("2024-03-11"))
    world.stripe.add_item(made, world.seats, at("2024-09-20"), quantity=2)
    for events in (False, True):
        found = world.told(built, "plan", "quantity", "forever_discount", events=events)
        assert found == [
            ("01-01", "", "core", 1, 20),
            ("01-01", "03-11", "seats", 1, 0),
            ("09-20", "", "seats", 2, 0),
        ]


def test_a_coupon_of_the_customer_takes_from_what_it_is_for(
    built: StripeBuild, shape: Shape
) -> None:
    world = Shop(shape)
    customer = world.customer()
    world.stripe.apply_coupon(customer, world.coupon(world.core), START)
    world.stripe.subscribe(customer, [world.core, world.seats], START)
    for events in (False, True):
        assert world.told(built, "plan", "amount", "forever_discount", events=events) == LIMITED


def test_a_coupon_of_an_item_goes_with_it(built: StripeBuild, shape: Shape) -> None:
    world = Shop(shape)
    coupon = world.stripe.coupon(world.acme, "off", percent_off="20")
    bought = [Buy(world.core, coupons=(coupon,)), Buy(world.seats)]
    made = world.stripe.subscribe(world.customer(), bought, START)
    other = world.price("other", "50")
    world.stripe.change_price(made, other, at("2024-03-11"), item=made.items[0])
    assert world.told(built, "plan", "forever_discount", events=True) == [
        ("01-01", "03-11", "core", 20),
        ("01-01", "", "seats", 0),
        ("03-11", "", "other", 10),
    ]


def test_what_a_coupon_is_for_may_have_landed(built: StripeBuild, shape: Shape) -> None:
    """No invoice bears the coupon, or spares anything of it, before the trial is over."""
    world = Shop(shape)
    coupon = world.coupon(world.core)
    bought = [world.core, world.seats]
    world.stripe.subscribe(
        world.customer(), bought, at("2024-09-20"), trial_days=30, coupons=[coupon]
    )

    def tell(docs: dict[str, list[dict[str, object]]]) -> None:
        told = {"products": [world.core.product.id]}
        docs["coupons"] = [{**doc, "applies_to": told} for doc in docs["coupons"]]
        for made in docs["subscriptions"]:
            expanded = [
                {"id": each, "source": {"coupon": {**docs["coupons"][0]}}}
                for each in made["discounts"]  # type: ignore[attr-defined]
            ]
            made["discounts"] = expanded
            if shape == "acacia":
                made["discount"] = {**expanded[0], "coupon": docs["coupons"][0], "source": None}

    found = world.told(built, "plan", "forever_discount", edit=tell)
    if (built.generation, shape) == ("classic", "clover"):
        # Neither the coupon nor the list of discounts has a column.
        assert found == [(*row[:3], 0) for row in found]
        return
    assert [row[2:] for row in found if row[0] == "10-20"] == [("core", 20), ("seats", 0)]


def test_a_coupon_of_which_nothing_is_known_takes_nothing_yet(
    built: StripeBuild, shape: Shape
) -> None:
    world = Shop(shape)
    customer = world.customer()
    coupon = world.stripe.coupon(world.acme, "off", percent_off="20")
    world.stripe.apply_coupon(customer, coupon, START)
    world.stripe.subscribe(customer, world.core, at("2024-09-20"), trial_days=30)
    world.stripe.delete_coupon(coupon, at("2024-09-21"))
    found = world.told(built, "amount", "forever_discount")
    # The older shape has the coupon in the discount, the newer one only its id.
    off = 20 if shape == "acacia" else 0
    assert [row[2:] for row in found] == [(100, off), (100, off)]


@pytest.mark.parametrize("events", [False, True])
def test_an_amount_off_in_another_currency_is_what_invoices_take(
    built: StripeBuild, shape: Shape, events: bool
) -> None:
    world = World(shape)
    core = world.price("core", "10", currency_options={"jpy": "1500"})
    coupon = world.stripe.coupon(world.acme, "off", amount_off="2", currency_options={"jpy": "300"})
    world.stripe.subscribe(world.customer(), core, START, coupons=[coupon], currency="jpy")
    found = world.told(built, "currency", "amount", "forever_discount", events=events)
    assert found == [("01-01", "", "JPY", 1500, 300)]
