"""Kill Bill 0.22, in a schema of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from .surface import Surface, surface_build
from .world import World, at


@pytest.fixture(scope="module")
def old(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Surface]:
    """The surface over the tables of 0.22, in a schema that Kill Bill's guide suggests."""
    folder = tmp_path_factory.mktemp("old")
    with surface_build(new_database(), folder, "killbillschema", "0.22") as build:
        yield build


def test_what_0_22_does_not_keep_is_as_it_was_then(old: Surface) -> None:
    world = World()
    account = world.account()
    # It knows no quantities, and what is billed of them is not read from the catalog.
    world.kb.subscribe(account, "basic", at("01-10"))
    paid, failed = at("02-10"), at("02-20")
    world.kb.fail_payments(account, failed)
    assert world.told(old, "plan", "status", "quantity", "amount") == [
        ("01-10", "", "basic", "active", 1, 50)
    ]
    lines = world.read(old, "invoice_lines")
    assert {row["invoiced_at"]: row["paid_at"] for row in lines if row["invoiced_at"] > paid} == {
        at(f"{month:02}-10"): None for month in range(3, 9)
    }
    assert {row["paid_at"] for row in lines if row["invoiced_at"] <= paid} == {at("01-10"), paid}
    assert world.issues(old) == set()
