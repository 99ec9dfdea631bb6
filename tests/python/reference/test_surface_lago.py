"""Lago histories through the surface: the same ledger, and options that it alone knows."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from .builders import AS_OF, RawLago
from .lago import read_customers
from .ledger import ONE_DAY
from .surface.books import compute
from .surface.builders import check, moves
from .surface.from_lago import surface_of


def rich_history() -> RawLago:
    """A trial, seats, coupons, a move, an upgrade and a return within a day, an end, a comeback."""
    lago = RawLago()
    basic = lago.plan("basic", 5000, trial_period=14)
    plus, weekly = lago.plan("plus", 90000, "yearly"), lago.plan("weekly", 1000, "weekly")
    seats = lago.fixed_charge(basic, {"amount": "10"}, units=1)
    customer = lago.customer(country="FR")
    first = lago.subscription(customer, basic, "2025-01-01", "2025-03-01 10:00")
    lago.subscription(
        customer,
        plus,
        "2025-03-01 10:00",
        "2025-05-20 09:00",
        previous_subscription_id=first["id"],
    )
    lago.subscription(customer, weekly, "2025-05-20 17:00", "2025-06-01", external_id="second")
    lago.subscription(customer, weekly, "2025-06-20", external_id="third")
    lago.set_units(first, seats, "2025-01-01", 1)
    lago.set_units(first, seats, "2025-02-01", 4)
    lago.coupon(customer, "2025-02-10", "recurring", percent=20, remaining=3)
    lago.coupon(customer, "2025-03-10", "once", cents=700)
    lago.capture("customers", customer, "2025-01-15", country=None)
    lago.capture("customers", customer, "2025-04-01 10:00")
    return lago


def test_a_lago_history_has_the_same_ledger_through_the_surface() -> None:
    lago = rich_history()
    expected = lago.compute()
    books = compute(surface_of(read_customers(lago.raw, lago.history, AS_OF)), {}, AS_OF)
    check(books)
    day = date(2025, 1, 1)
    while day <= expected.last_day:
        levels = {
            (*unit[:2], *place): amount
            for unit in books.units()
            for place, amount in books.level(unit, day).items()
        }
        assert levels == expected.levels(day)
        day += ONE_DAY
    typed: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for movement in books.movements:
        if movement.type != "transfer":
            typed[movement.day, movement.type] += movement.amount
    assert typed == {(m.day, m.type): m.total for m in expected.movements if m.type != "transfer"}


def test_a_lago_history_can_be_told_instant_by_instant() -> None:
    # On 20 May the yearly plan ends at 09:00 and the weekly one begins at 17:00.
    lago = rich_history()
    surface = surface_of(read_customers(lago.raw, lago.history, AS_OF))
    kinds = {
        netting: [
            kind
            for day, kind, _ in moves(compute(surface, {"tidemill_netting": netting}, AS_OF))
            if day == "2025-05-20"
        ]
        for netting in ("day", "none")
    }
    assert kinds == {"day": ["contraction"], "none": ["churn", "reactivation"]}
