"""Trials of single items, which newer versions of the API have beside those of subscriptions."""

from __future__ import annotations

import pytest

from properties.stripe.build import StripeBuild
from tidemill_cli.demo.stripe.engine import Buy, Try
from tidemill_cli.demo.stripe.render import Shape

from .world import SHAPES, START, World, at, day

pytestmark = pytest.mark.parametrize("events", [False, True])
STATUS = ("plan", "status", "amount")


@pytest.mark.parametrize("shape", SHAPES)
def test_an_item_on_trial_is_trialing_and_the_others_are_not(
    built: StripeBuild, shape: Shape, events: bool
) -> None:
    world = World(shape)
    core, seats = world.price("core", "100"), world.price("seats", "30")
    bought = [core, Buy(seats, 2, trial=Try(2))]
    world.stripe.subscribe(world.customer(), bought, START)
    # The older shape has no word of it: nothing is billed for two months.
    assert world.told(built, *STATUS, events=events) == [
        ("01-01", "", "core", "active", 100),
        ("01-01", "03-01", "seats", "trialing", 60),
        ("03-01", "", "seats", "active", 60),
    ]
    (trial,) = world.rows(built, "stripe__trials", events=events)
    assert trial["plan"] == "seats"
    assert (day(trial["started_at"]), day(trial["ends_at"])) == ("01-01", "03-01")
    assert trial["cancelled_at"] is None


def test_a_trial_may_have_a_price_of_its_own(built: StripeBuild, events: bool) -> None:
    world = World("clover")
    core, seats = world.price("core", "100"), world.price("seats", "30")
    bought = [core, Buy(seats, trial=Try(2, world.price("taste", "1")))]
    made = world.stripe.subscribe(world.customer(), bought, at("2024-08-15"))
    world.stripe.cancel(made, at("2024-09-20"))
    # The item is still on trial when it ends.
    assert world.told(built, *STATUS, events=events) == [
        ("08-15", "09-20", "core", "active", 100),
        ("08-15", "09-20", "taste", "trialing", 1),
    ]
    (trial,) = world.rows(built, "stripe__trials", events=events)
    assert (trial["plan"], day(trial["cancelled_at"])) == ("taste", "09-20")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_trial_of_the_subscription_is_none_of_its_items(
    built: StripeBuild, shape: Shape, events: bool
) -> None:
    world = World(shape)
    core = world.price("core", "100")
    made = world.stripe.subscribe(world.customer(), core, START, trial_days=30)
    # It is cut short, and nothing is billed for what was to come of it.
    world.stripe.extend_trial(made, at("2024-01-10"), at("2024-01-10"))
    assert world.told(built, *STATUS, events=events) == [
        ("01-01", "01-10", "core", "trialing", 100),
        ("01-10", "", "core", "active", 100),
    ]
    (trial,) = world.rows(built, "stripe__trials", events=events)
    assert (day(trial["started_at"]), day(trial["ends_at"])) == ("01-01", "01-10")


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_free_is_not_on_trial(built: StripeBuild, shape: Shape, events: bool) -> None:
    world = World(shape)
    bought = [world.price("core", "100"), world.price("free", "0")]
    off = world.stripe.coupon(world.acme, "all", percent_off="100")
    world.stripe.subscribe(world.customer(), bought, START, coupons=[off])
    assert world.told(built, *STATUS, events=events) == [
        ("01-01", "", "core", "active", 100),
        ("01-01", "", "free", "active", 0),
    ]
    assert world.rows(built, "stripe__trials", events=events) == []
