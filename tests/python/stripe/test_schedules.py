"""What schedules plan is in the intervals that begin after now: discounts and trials, too."""

from __future__ import annotations

from decimal import Decimal

import pytest

from properties.stripe.build import StripeBuild
from tidemill_cli.demo.stripe.engine import Buy
from tidemill_cli.demo.stripe.model import Subscription
from tidemill_cli.demo.stripe.render import Shape

from .world import SHAPES, START, World, at

pytestmark = pytest.mark.parametrize("shape", SHAPES)
SOON = at("2024-10-01")
MONEY = ("plan", "amount", "repeating_discount", "forever_discount")


class Plans(World):
    """A subscription to something of 100 a month, less a quarter."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.core, self.seats = self.price("core", "100"), self.price("seats", "40")
        self.quarter = self.stripe.coupon(self.acme, "quarter", percent_off="25")
        self.buyer = self.customer()

    def subscribe(self) -> Subscription:
        return self.stripe.subscribe(self.buyer, self.core, START, coupons=[self.quarter])


def test_a_phase_that_lists_a_discount_keeps_it(built: StripeBuild, shape: Shape) -> None:
    world = Plans(shape)
    world.stripe.schedule_change(world.subscribe(), world.seats, SOON, at("2024-09-20"))
    assert world.told(built, *MONEY) == [
        ("01-01", "10-01", "core", 100, 0, 25),
        ("10-01", "", "seats", 40, 0, 10),
    ]


@pytest.mark.parametrize("events", [False, True])
def test_a_phase_that_lists_none_ends_them(built: StripeBuild, shape: Shape, events: bool) -> None:
    world = Plans(shape)
    bought = Buy(world.core, 2)
    world.stripe.schedule_change(world.subscribe(), bought, SOON, at("2024-09-20"), coupons=[])
    assert world.told(built, *MONEY, events=events) == [
        ("01-01", "10-01", "core", 100, 0, 25),
        ("10-01", "", "core", 200, 0, 0),
    ]


def test_coupons_of_a_phase_are_given_when_it_begins(built: StripeBuild, shape: Shape) -> None:
    world = Plans(shape)
    tenth = world.stripe.coupon(world.acme, "tenth", percent_off="10")
    months = world.stripe.coupon(
        world.acme, "months", amount_off="28", duration="repeating", months=3
    )
    bought = [Buy(world.core), Buy(world.seats, coupons=(tenth,))]
    world.stripe.schedule_change(
        world.subscribe(), bought, SOON, at("2024-09-20"), coupons=[months]
    )
    found = world.told(built, *MONEY)
    if built.generation == "classic":
        # No coupon lands, and no payload has one before it is given.
        assert found[1:] == [("10-01", "", "core", 100, 0, 0), ("10-01", "", "seats", 40, 0, 0)]
        return
    # A tenth of 40; then 28 off what is left: of 100 and 36 in proportion.
    assert [(*row[:4], round(row[4], 4), row[5]) for row in found] == [
        ("01-01", "10-01", "core", 100, 0, 25),
        ("10-01", "01-01", "core", 100, Decimal("20.5882"), 0),
        ("10-01", "01-01", "seats", 40, Decimal("7.4118"), 4),
        ("01-01", "", "core", 100, 0, 0),
        ("01-01", "", "seats", 40, 0, 4),
    ]


def test_each_of_several_coupons_for_a_time_has_its_own_end(
    built: StripeBuild, shape: Shape
) -> None:
    world = Plans(shape)
    given = [
        world.stripe.coupon(world.acme, "a", percent_off="25", duration="repeating", months=3),
        world.stripe.coupon(world.acme, "b", percent_off="20", duration="repeating", months=6),
        world.stripe.coupon(world.acme, "c", percent_off="10"),
    ]
    world.stripe.schedule_change(
        world.subscribe(), world.seats, SOON, at("2024-09-20"), coupons=given
    )
    found = world.told(built, "repeating_discount", "forever_discount")[1:]
    if built.generation == "classic":
        assert found == [("10-01", "", 0, 0)]
        return
    # Of 40: 10, 6 of the rest and 2.40 of that; without the first 8 and 3.20; and 4 alone.
    assert found == [
        ("10-01", "01-01", 16, Decimal("2.4")),
        ("01-01", "04-01", 8, Decimal("3.2")),
        ("04-01", "", 0, 4),
    ]


def test_the_discount_of_the_customer_is_for_a_phase_without_one(
    built: StripeBuild, shape: Shape
) -> None:
    world = Plans(shape)
    tenth = world.stripe.coupon(world.acme, "tenth", percent_off="10")
    made = world.subscribe()
    world.stripe.apply_coupon(world.buyer, tenth, at("2024-09-10"))
    world.stripe.schedule_change(made, Buy(world.core, 2), SOON, at("2024-09-20"), coupons=[])
    known = (built.generation, shape) != ("classic", "clover")
    # Of the newer shape the classic engine has the id of the coupon, and never the coupon.
    assert world.told(built, *MONEY)[-1] == ("10-01", "", "core", 200, 0, 20 if known else 0)


def test_a_trial_of_a_phase_is_no_revenue(built: StripeBuild, shape: Shape) -> None:
    world = Plans(shape)
    world.stripe.schedule_change(
        world.subscribe(),
        world.seats,
        SOON,
        at("2024-09-20"),
        coupons=[],
        trial_end=at("2024-10-15"),
    )
    world.stripe.schedule_start(
        world.customer(), world.core, SOON, at("2024-09-21"), trial_end=at("2024-10-08")
    )
    assert world.told(built, "plan", "status", "amount") == [
        ("01-01", "10-01", "core", "active", 100),
        ("10-01", "10-08", "core", "trialing", 100),
        ("10-01", "10-15", "seats", "trialing", 40),
        ("10-08", "", "core", "active", 100),
        ("10-15", "", "seats", "active", 40),
    ]


def test_what_was_planned_is_what_comes(built: StripeBuild, shape: Shape) -> None:
    """The phase begins before the end: what Stripe did is what was planned."""
    world = Plans(shape)
    tenth = world.stripe.coupon(world.acme, "tenth", percent_off="10")
    world.stripe.schedule_change(
        world.subscribe(),
        Buy(world.core, 2),
        at("2024-06-01"),
        at("2024-05-20"),
        coupons=[tenth],
        trial_end=at("2024-06-11"),
    )
    assert world.told(built, "status", *MONEY, events=True) == [
        ("01-01", "06-01", "active", "core", 100, 0, 25),
        ("06-01", "06-11", "trialing", "core", 200, 0, 20),
        ("06-11", "", "active", "core", 200, 0, 20),
    ]
