"""What a price asks, where it does not say so itself: other currencies, tiers, other accounts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from properties.stripe.build import StripeBuild
from tidemill_cli.demo.stripe.engine import Tier, Transform
from tidemill_cli.demo.stripe.render import Doc, Shape

from .world import SHAPES, START, World, at

pytestmark = pytest.mark.parametrize("shape", SHAPES)
AMOUNTS = ("currency", "quantity", "amount")


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_price_in_another_currency_is_what_invoices_bill(
    built: StripeBuild, shape: Shape, is_deleted: bool
) -> None:
    world = World(shape)
    core = world.price("core", "10", currency_options={"jpy": "1500", "kwd": "3.125"})
    for currency in ("usd", "jpy", "kwd"):
        made = world.stripe.subscribe(world.customer(), core, START, currency=currency)
        # No invoice has this quantity yet.
        world.stripe.set_quantity(made, 7, at("2024-09-11"), proration_behavior="none")
    if is_deleted:
        world.stripe.delete_product(core.product, at("2024-09-20"))
    assert sorted(world.told(built, *AMOUNTS, events=True)) == [
        ("01-01", "09-11", "JPY", 1, 1500),
        ("01-01", "09-11", "KWD", 1, Decimal("3.125")),
        ("01-01", "09-11", "USD", 1, 10),
        ("09-11", "", "JPY", 7, 10500),
        ("09-11", "", "KWD", 7, Decimal("21.875")),
        ("09-11", "", "USD", 7, 70),
    ]


def test_an_item_that_was_not_billed_yet_is_in_the_currency_of_the_others(
    built: StripeBuild, shape: Shape
) -> None:
    """The classic engine has no column for the currency of a subscription."""
    world = World(shape)
    core = world.price("core", "10", currency_options={"jpy": "1500"})
    world.stripe.subscribe(world.customer(), core, START, currency="jpy")
    seats = world.price("seats", "5", currency_options={"jpy": "700"})
    made = world.stripe.subscribe(world.customer(), core, START, currency="jpy")
    world.stripe.subscribe(world.customer(), seats, START, currency="jpy")
    world.stripe.add_item(made, seats, at("2024-09-11"), quantity=2)
    found = [row for row in world.told(built, "plan", *AMOUNTS) if row[0] == "09-11"]
    assert found == [("09-11", "", "seats", "JPY", 2, 1400)]


def test_packages_in_another_currency_are_counted_whole(built: StripeBuild, shape: Shape) -> None:
    world = World(shape)
    pack = world.price("pack", "10", currency_options={"eur": "9"}, transform=Transform(5))
    made = world.stripe.subscribe(world.customer(), pack, START, quantity=6, currency="eur")
    world.stripe.set_quantity(made, 11, at("2024-09-11"), proration_behavior="none")
    assert world.told(built, *AMOUNTS, events=True) == [
        ("01-01", "09-11", "EUR", 6, 18),
        ("09-11", "", "EUR", 11, 27),
    ]


def test_other_currencies_of_a_price_may_have_landed(built: StripeBuild, shape: Shape) -> None:
    """Nothing is billed in a trial, and Stripe says it to who asks."""
    world = World(shape)
    core = world.price("core", "10", currency_options={"eur": "9"})
    world.stripe.subscribe(world.customer(), core, at("2024-09-20"), trial_days=30, currency="eur")

    def expand(docs: dict[str, list[Doc]]) -> None:
        for doc in docs["prices"]:
            doc["currency_options"] = {"eur": {"unit_amount": 900, "unit_amount_decimal": "900"}}

    if built.generation == "classic":
        # It has no column for them; on clover the line of the trial has the amount of one.
        found = world.told(built, *AMOUNTS, edit=expand)
        assert [row[2:] for row in found] == [("EUR", 1, 0 if shape == "acacia" else 9)] * 2
        assert ("tiers_not_landed" in world.issues(built)) is (shape == "acacia")
        return
    found = world.told(built, *AMOUNTS, edit=expand)
    assert [row[2:] for row in found] == [("EUR", 1, 9), ("EUR", 1, 9)]


@pytest.mark.parametrize(("mode", "amounts"), [("graduated", (50, 74)), ("volume", (50, 64))])
def test_tiers_are_what_invoices_bill_for_a_quantity(
    built: StripeBuild, shape: Shape, mode: str, amounts: tuple[int, int]
) -> None:
    world = World(shape)
    tiers = [Tier(5, "10"), Tier(None, "8")]
    seats = world.price("seats", tiers=tiers, tiers_mode=mode)
    made = world.stripe.subscribe(world.customer(), seats, START, quantity=5)
    world.stripe.set_quantity(made, 8, at("2024-03-11"))
    # 5 at 10; and 8 at 8, or 5 of them at 10.
    assert world.told(built, "quantity", "amount") == [
        ("01-01", "03-11", 5, amounts[0]),
        ("03-11", "", 8, amounts[1]),
    ]
    assert world.issues(built) == set()


def test_accounts_with_equal_ids_are_apart(every_landing: StripeBuild, shape: Shape) -> None:
    """Only the keys of v2 are of an id and an account."""
    built = every_landing.over("v2")

    def account(name: str, amount: str, quantity: int) -> tuple[World, dict[str, list[Doc]]]:
        """Made from one seed: every id of one is an id of the other."""
        world = World(shape)
        customer = world.customer(name=name, country=name[:2])
        coupon = world.stripe.coupon(world.acme, name, percent_off=str(quantity))
        core = world.price(name, amount, tax_included=quantity == 10)
        customer.tax_rate = 20
        made = world.stripe.subscribe(customer, core, START, coupons=[coupon])
        world.stripe.set_quantity(made, quantity, at("2024-03-11"))
        world.stripe.schedule_change(made, core, at("2024-10-11"), at("2024-09-11"))
        world.stripe.run_until(at("2024-09-12"))
        docs = world.stripe.objects()
        for table in docs.values():
            for doc in table:
                doc["_account_id"] = name
        for doc in docs["accounts"]:
            doc["id"] = name
        return world, docs

    one, first = account("DE one", "120", 10)
    _, other = account("US two", "50", 40)
    assert first["subscriptions"][0]["id"] == other["subscriptions"][0]["id"]

    def merge(docs: dict[str, list[Doc]]) -> None:
        for table, found in docs.items():
            found[:] = [*first[table], *other[table]]

    columns = ("tenant_id", "plan", "country", "quantity", "amount", "forever_discount")
    assert sorted(one.told(built, *columns, edit=merge)) == [
        ("01-01", "03-11", "DE one", "DE one", "DE", 1, 100, 10),
        ("01-01", "03-11", "US two", "US two", "US", 1, 50, 20),
        ("03-11", "10-11", "DE one", "DE one", "DE", 10, 1000, 100),
        ("03-11", "10-11", "US two", "US two", "US", 40, 2000, 800),
        ("10-11", "", "DE one", "DE one", "DE", 1, 100, 10),
        ("10-11", "", "US two", "US two", "US", 1, 50, 20),
    ]
