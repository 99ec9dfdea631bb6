"""Pauses, dunning, and who is blocked by what."""

from __future__ import annotations

import pytest

from tidemill_cli.demo.killbill.engine import KillBillEngine
from tidemill_cli.demo.killbill.model import Account, Bundle, Subscription

from .surface import Surface
from .world import World, at

Blockable = Subscription | Bundle | Account


def block(
    kb: KillBillEngine, blockable: Blockable, since: str, until: str | None, service: str
) -> None:
    kb.block(blockable, "BLOCKED", service, at(since), billing=True)
    if until:
        kb.block(blockable, "CLEAR", service, at(until), billing=False)


def test_a_paused_bundle_is_paused_with_all_that_is_in_it(surface: Surface) -> None:
    world = World()
    base = world.kb.subscribe(world.account(), "basic", at("01-10"))
    world.kb.add_on(base, "support", at("01-20"))
    world.kb.pause(base.bundle, at("02-05"))
    world.kb.resume(base.bundle, at("02-20"))
    assert world.told(surface, "plan", "status") == [
        ("01-10", "02-05", "basic", "active"),
        ("01-20", "02-05", "support", "active"),
        ("02-05", "02-20", "basic", "paused"),
        ("02-05", "02-20", "support", "paused"),
        ("02-20", "", "basic", "active"),
        ("02-20", "", "support", "active"),
    ]


@pytest.mark.parametrize("kind", ["subscription", "bundle", "account"])
def test_billing_is_blocked_by_itself_its_bundle_or_its_account(
    surface: Surface, kind: str
) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"))
    other = world.kb.subscribe(made.account, "plus", at("01-11"))
    blockable: Blockable = {
        "subscription": made,
        "bundle": made.bundle,
        "account": made.account,
    }[kind]
    block(world.kb, blockable, "02-05", None, "support")
    told = {(row[2], row[3]) for row in world.told(surface, "plan", "status") if row[0] == "02-05"}
    expected = {("basic", "paused"), ("plus", "paused")}
    assert told == (expected if kind == "account" else {("basic", "paused")})
    assert other.account is made.account


def test_services_that_overlap_block_until_the_last_of_them_clears(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"))
    world.kb.block(made, "A", "one", at("02-01"), billing=True)
    world.kb.block(made.bundle, "B", "two", at("02-05"), billing=True)
    # What another service says clears nothing of the first.
    world.kb.block(made, "C", "three", at("02-07"), billing=False)
    world.kb.block(made, "A", "one", at("02-10"), billing=False)
    world.kb.block(made.bundle, "B", "two", at("02-20"), billing=False)
    assert world.told(surface, "status") == [
        ("01-10", "02-01", "active"),
        ("02-01", "02-20", "paused"),
        ("02-20", "", "active"),
    ]


def test_a_block_that_is_said_twice_ends_with_the_first_that_clears_it(
    surface: Surface,
) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"))
    world.kb.block(made, "A", "one", at("02-01"), billing=True)
    world.kb.block(made, "B", "one", at("02-05"), billing=True)
    world.kb.block(made, "C", "one", at("02-10"), billing=False)
    assert world.told(surface, "status")[1:] == [
        ("02-01", "02-10", "paused"),
        ("02-10", "", "active"),
    ]


def test_a_block_of_less_than_a_day_is_none(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"))
    block(world.kb, made, "2024-02-01 08:00", "2024-02-02 07:59", "one")
    block(world.kb, made, "2024-02-05 08:00", "2024-02-06 08:00", "one")
    assert world.told(surface, "status") == [
        ("01-10", "02-05", "active"),
        ("02-05", "02-06", "paused"),
        ("02-06", "", "active"),
    ]


def test_access_alone_is_no_billing(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"))
    world.kb.block(made, "NO_ACCESS", "support", at("02-01"), billing=False)
    assert world.told(surface, "status") == [("01-10", "", "active")]


def test_no_status_goes_on_behind_the_end(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"))
    world.kb.pause(made.bundle, at("02-01"))
    world.kb.cancel(made, at("02-10"))
    assert world.told(surface, "status") == [
        ("01-10", "02-01", "active"),
        ("02-01", "02-10", "paused"),
    ]


def test_a_trial_is_a_trial_though_it_is_paused(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "tried", at("01-10"))
    world.kb.pause(made.bundle, at("01-20"))
    world.kb.resume(made.bundle, at("02-01"))
    assert world.told(surface, "status") == [
        ("01-10", "01-24", "trialing"),
        ("01-24", "02-01", "paused"),
        ("02-01", "", "active"),
    ]


def test_who_does_not_pay_is_past_due_until_billing_stops(surface: Surface) -> None:
    world = World()
    account = world.account(dunned=True)
    made = world.kb.subscribe(account, "basic", at("01-10"))
    world.kb.fail_payments(account, at("02-01"))
    # The invoice of February 10th: overdue after 30 days, blocked after 45, cancelled after 60.
    assert world.told(surface, "status", "cancel_reason", "is_voluntary_cancel") == [
        ("01-10", "03-11", "active", "overdue", False),
        ("03-11", "03-26", "past_due", "overdue", False),
        ("03-26", "04-10", "paused", "overdue", False),
    ]
    assert made.account is account


def test_who_pays_in_the_end_is_active_again(surface: Surface) -> None:
    world = World()
    account = world.account(dunned=True)
    made = world.kb.subscribe(account, "basic", at("01-10"))
    world.kb.fail_payments(account, at("02-01"))
    world.kb.restore_payments(account, at("03-20"))
    # An end of one's own, long after.
    world.kb.cancel(made, at("08-01"))
    assert world.told(surface, "status", "cancel_reason", "is_voluntary_cancel") == [
        ("01-10", "03-11", "active", None, None),
        ("03-11", "03-20", "past_due", None, None),
        ("03-20", "08-01", "active", None, None),
    ]


def test_a_pause_is_known_since_it_was_recorded(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"))
    world.kb.block(
        made.bundle, "ENT_BLOCKED", "entitlement-service", at("02-01"),
        billing=True, effective=at("02-10"),
    )  # fmt: skip
    world.kb.resume(made.bundle, at("02-20"))
    rows = world.read(surface, "subscription_intervals")
    assert {(row["status"], row["valid_from"], row["recorded_at"]) for row in rows} == {
        ("active", at("01-10"), at("01-10")),
        ("paused", at("02-10"), at("02-01")),
        ("active", at("02-20"), at("02-20")),
    }
