"""Prices that include tax: recurring revenue is without it, whatever the discount."""

from __future__ import annotations

from decimal import Decimal

import pytest

from properties.stripe.build import StripeBuild
from tidemill_cli.demo.stripe.render import Shape

from .world import SHAPES, START, World, at

MONEY = ("amount", "once_discount", "repeating_discount", "forever_discount")
pytestmark = pytest.mark.parametrize("shape", SHAPES)


def test_the_tax_in_a_price_is_no_revenue(built: StripeBuild, shape: Shape) -> None:
    world = World(shape)
    gross = world.price("gross", "120", tax_included=True)
    made = world.stripe.subscribe(world.customer(tax_rate=20), gross, START)
    world.stripe.set_quantity(made, 3, at("2024-02-11"))
    # A fifth on top of 100 each; the invoice of March says it again.
    assert world.told(built, "quantity", "amount") == [
        ("01-01", "02-11", 1, 100),
        ("02-11", "", 3, 300),
    ]
    assert "tax_included_unknown" not in world.issues(built)


def test_who_owes_no_tax_pays_the_whole_price(built: StripeBuild, shape: Shape) -> None:
    world = World(shape)
    gross = world.price("gross", "120", tax_included=True)
    world.stripe.subscribe(world.customer(), gross, START)
    assert world.told(built, "amount") == [("01-01", "", 120)]
    assert world.issues(built) == set()


def test_a_discount_of_a_taxed_price_is_without_tax(built: StripeBuild, shape: Shape) -> None:
    world = World(shape)
    gross = world.price("gross", "120", tax_included=True)
    for percent, amount in (("25", None), (None, "12")):
        coupon = world.stripe.coupon(world.acme, "off", percent_off=percent, amount_off=amount)
        world.stripe.subscribe(world.customer(tax_rate=20), gross, START, coupons=[coupon])
    # A quarter of 100; and 12 with tax are 10 without.
    assert sorted(world.told(built, *MONEY)) == [
        ("01-01", "", 100, 0, 0, 10),
        ("01-01", "", 100, 0, 0, 25),
    ]


def test_a_rate_of_tax_counts_from_the_invoice_that_has_it(
    built: StripeBuild, shape: Shape
) -> None:
    world = World(shape)
    odd = world.price("odd", "19.99", tax_included=True)
    customer = world.customer(tax_rate=19)
    world.stripe.subscribe(customer, odd, START)
    world.stripe.run_until(at("2024-03-15"))
    customer.tax_rate = 16
    # 19.99 with 3.19 of tax in it, and then with 2.76: cents, as the invoices have them.
    assert world.told(built, "amount") == [
        ("01-01", "04-01", Decimal("16.8")),
        ("04-01", "", Decimal("17.23")),
    ]


def test_the_rounding_of_a_tax_is_no_change_of_it(built: StripeBuild, shape: Shape) -> None:
    world = World(shape)
    odd = world.price("odd", "0.99", tax_included=True)
    made = world.stripe.subscribe(world.customer(tax_rate=19), odd, START)
    world.stripe.set_quantity(made, 7, at("2024-03-11"))
    found = world.told(built, "quantity", "amount")
    # 6.93 with 1.11 of tax in it; one alone has 0.16, which is a little more of it.
    assert found == [
        ("01-01", "03-11", 1, Decimal("0.8314285714")),
        ("03-11", "", 7, Decimal("5.82")),
    ]


def test_what_was_never_billed_has_an_unknown_tax(built: StripeBuild, shape: Shape) -> None:
    world = World(shape)
    gross = world.price("gross", "120", tax_included=True)
    customer = world.customer(tax_rate=20)
    world.stripe.subscribe(customer, gross, at("2024-09-20"), trial_days=30)
    assert world.told(built, "status", "amount") == [
        ("09-20", "10-20", "trialing", 120),
        ("10-20", "", "active", 120),
    ]
    assert world.issues(built) == {"tax_included_unknown"}


def test_what_the_customer_paid_before_tells_the_tax(built: StripeBuild, shape: Shape) -> None:
    world = World(shape)
    gross = world.price("gross", "120", tax_included=True)
    customer = world.customer(tax_rate=20)
    before = world.stripe.subscribe(customer, gross, START)
    world.stripe.cancel(before, at("2024-02-01"))
    world.stripe.subscribe(customer, gross, at("2024-09-20"), trial_days=30)
    assert world.told(built, "status", "amount")[1:] == [
        ("09-20", "10-20", "trialing", 100),
        ("10-20", "", "active", 100),
    ]
    assert world.issues(built) == set()
