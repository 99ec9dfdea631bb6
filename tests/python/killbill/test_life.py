"""When a subscription is in force, on which plan, and how much of it."""

from __future__ import annotations

from tidemill_cli.demo.killbill.plans import plan

from .surface import Surface
from .world import START, World, at, day

STATUS = ("plan", "status", "quantity")


def test_a_subscription_is_in_force_from_its_first_event(surface: Surface) -> None:
    world = World()
    world.kb.subscribe(world.account(), "basic", at("01-10"))
    assert world.told(surface, *STATUS) == [("01-10", "", "basic", "active", 1)]


def test_a_trial_comes_before_the_price(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "tried", at("01-10"))
    assert world.told(surface, *STATUS) == [
        ("01-10", "01-24", "tried", "trialing", 1),
        ("01-24", "", "tried", "active", 1),
    ]
    (trial,) = world.read(surface, "trials")
    assert trial["subscription_id"] == made.id
    assert (trial["plan"], day(trial["started_at"]), day(trial["ends_at"])) == (
        "tried",
        "01-10",
        "01-24",
    )
    assert trial["cancelled_at"] is None


def test_an_end_within_a_trial_leaves_the_end_that_was_planned(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "tried", at("01-10"))
    world.kb.cancel(made, at("01-15"))
    assert world.told(surface, *STATUS) == [("01-10", "01-15", "tried", "trialing", 1)]
    (trial,) = world.read(surface, "trials")
    assert (day(trial["ends_at"]), day(trial["cancelled_at"])) == ("01-24", "01-15")


def test_a_change_within_a_trial_to_a_plan_without_one_ends_it(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "tried", at("01-10"))
    world.kb.change_plan(made, "basic", at("01-15"))
    assert world.told(surface, *STATUS) == [
        ("01-10", "01-15", "tried", "trialing", 1),
        ("01-15", "", "basic", "active", 1),
    ]
    (trial,) = world.read(surface, "trials")
    assert (day(trial["ends_at"]), trial["cancelled_at"]) == ("01-15", None)


def test_a_plan_is_changed_at_once_or_later_or_not_after_all(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"))
    world.kb.change_plan(made, "plus", at("01-20"))
    world.kb.change_plan(made, "basic", at("02-15"), "END_OF_TERM")
    later = world.kb.subscribe(world.account(), "basic", at("03-01"))
    world.kb.change_plan(later, "plus", at("03-05"), "END_OF_TERM")
    world.kb.undo_change(later, at("03-06"))
    changed = [row[:3] for row in world.told(surface, "plan")]
    assert changed == [
        ("01-10", "01-20", "basic"),
        ("01-20", "03-10", "plus"),
        ("03-01", "", "basic"),
        ("03-10", "", "basic"),
    ]


def test_quantity_counts_from_its_event_on_and_outlives_a_change(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"), quantity=3)
    world.kb.set_quantity(made, 5, at("01-20"))
    world.kb.change_plan(made, "plus", at("02-01"))
    world.kb.set_quantity(made, 1, at("02-15"))

    # What is not above zero is one.
    def spoil(rows: dict[str, list[dict[str, object]]]) -> None:
        last = [row for row in rows["subscription_events"] if row["quantity"] is not None][-1]
        assert last["quantity"] == 1
        last["quantity"] = 0

    assert world.told(surface, "plan", "quantity", edit=spoil) == [
        ("01-10", "01-20", "basic", 3),
        ("01-20", "02-01", "basic", 5),
        ("02-01", "02-15", "plus", 5),
        ("02-15", "", "plus", 1),
    ]


def test_a_billing_day_changes_nothing(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"))
    world.kb.set_billing_day(made, 20, at("01-15"))
    assert world.told(surface, "plan") == [("01-10", "", "basic")]


def test_a_term_expires_by_itself(surface: Surface) -> None:
    world = World()
    world.kb.subscribe(world.account(), "season", at("01-10"))
    columns = ("status", "cancel_reason", "cancel_requested_at", "is_voluntary_cancel")
    assert world.told(surface, *columns) == [("01-10", "04-10", "active", "expired", None, None)]


def test_both_ends_and_the_request_are_told(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"))
    world.kb.cancel(made, at("02-15"), entitlement="IMMEDIATE", billing="END_OF_TERM")
    (row,) = world.read(surface, "subscription_intervals")
    assert [
        day(row[name])
        for name in ("valid_to", "cancel_effective_at", "cancel_requested_at", "scheduled_end_at")
    ] == ["03-10", "02-15", "02-15", ""]


def test_an_end_that_is_taken_back_is_none(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "tried", at("01-10"))
    world.kb.cancel(made, at("02-15"), entitlement="END_OF_TERM", billing="END_OF_TERM")
    world.kb.uncancel(made, at("02-20"))
    (_, row) = sorted(
        world.read(surface, "subscription_intervals"), key=lambda row: row["valid_from"]
    )
    assert row["valid_to"] is None
    assert (row["cancel_effective_at"], row["cancel_requested_at"]) == (None, None)


def test_what_is_to_come_is_told(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"), starts_at=at("2027-01-01"))
    ended = world.kb.subscribe(world.account(), "basic", at("08-20"))
    world.kb.cancel(ended, at("08-25"), entitlement="END_OF_TERM", billing="END_OF_TERM")
    rows = {row["subscription_id"]: row for row in world.read(surface, "subscription_intervals")}
    assert rows[made.id]["valid_from"] == at("2027-01-01")
    assert rows[ended.id]["valid_to"] == at("09-20")


def test_an_add_on_is_a_subscription_of_its_own_that_ends_with_its_base(
    surface: Surface,
) -> None:
    world = World()
    base = world.kb.subscribe(world.account(), "basic", at("01-10"))
    world.kb.add_on(base, "support", at("01-20"))
    world.kb.cancel(base, at("03-15"))
    assert world.told(surface, "plan") == [
        ("01-10", "03-15", "basic"),
        ("01-20", "03-15", "support"),
    ]


def test_an_add_on_ends_with_a_base_that_is_yet_to_end(surface: Surface) -> None:
    world = World()
    base = world.kb.subscribe(world.account(), "basic", at("01-10"))
    added = world.kb.add_on(base, "support", at("01-20"))
    world.kb.cancel(base, at("08-25"), entitlement="END_OF_TERM", billing="END_OF_TERM")
    events = [
        row for row in world.rows()["subscription_events"] if row["subscription_id"] == added.id
    ]
    # The engine only keeps it in mind.
    assert "CANCEL" not in {row["user_type"] for row in events}
    assert world.told(surface, "plan") == [
        ("01-10", "09-10", "basic"),
        ("01-20", "09-10", "support"),
    ]


def test_the_first_of_two_ends_counts(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"))
    world.kb.cancel(made, at("03-15"))

    def again(rows: dict[str, list[dict[str, object]]]) -> None:
        (cancel,) = (row for row in rows["subscription_events"] if row["user_type"] == "CANCEL")
        later = {**cancel, "id": "another", "effective_date": at("02-01")}
        rows["subscription_events"].append({**later, "record_id": 99})
        # Nothing comes of what follows.
        change = {**later, "id": "change", "user_type": "CHANGE", "plan_name": "plus"}
        change |= {"phase_name": "plus-evergreen", "effective_date": at("02-10")}
        rows["subscription_events"].append({**change, "record_id": 100})

    assert world.told(surface, "plan", edit=again) == [("01-10", "02-01", "basic")]


def test_events_that_were_undone_are_none(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "basic", at("01-10"))
    world.kb.cancel(made, at("03-15"))

    def undo(rows: dict[str, list[dict[str, object]]]) -> None:
        for row in rows["subscription_events"]:
            if row["user_type"] == "CANCEL":
                row["is_active"] = False

    assert world.told(surface, "plan", edit=undo) == [("01-10", "", "basic")]


def test_a_migrated_subscription_counts_from_its_billing(surface: Surface) -> None:
    world = World()
    world.kb.subscribe(
        world.account(), "basic", at("01-10"), starts_at=at("02-01"), entitled_at=START
    )
    assert world.told(surface, "plan") == [("02-01", "", "basic")]


def test_a_term_ends_though_0_22_writes_no_end(surface: Surface) -> None:
    world = World()
    world.kb.subscribe(world.account(), "season", at("01-10"))

    def forget(rows: dict[str, list[dict[str, object]]]) -> None:
        rows["subscription_events"] = [
            row for row in rows["subscription_events"] if row["event_type"] != "EXPIRED"
        ]

    assert world.told(surface, "plan", "cancel_reason", edit=forget) == [
        ("01-10", "04-10", "season", "expired")
    ]


def test_phases_to_come_are_told_by_the_catalog(surface: Surface) -> None:
    world = World()
    long = plan("long", "Long", 40, trial_days=10, discount=(30, 3), term=("YEARS", 1))
    world.kb.catalog(world.acme, START, [long])
    # The engine has written down that the discount begins on January 20th 2027, and no more.
    made = world.kb.subscribe(world.account(), "long", at("01-10"), starts_at=at("2027-01-10"))
    events = [row for row in world.rows()["subscription_events"]]
    assert [row["phase_name"] for row in events] == ["long-trial", "long-discount"]
    rows = sorted(world.read(surface, "subscription_intervals"), key=lambda row: row["valid_from"])
    assert [(row["valid_from"], row["valid_to"], row["status"]) for row in rows] == [
        (at("2027-01-10"), at("2027-01-20"), "trialing"),
        (at("2027-01-20"), at("2027-04-20"), "active"),
        (at("2027-04-20"), at("2028-04-20"), "active"),
    ]
    assert {row["subscription_id"] for row in rows} == {made.id}


def test_a_phase_that_is_told_twice_is_one(surface: Surface) -> None:
    world = World()
    world.kb.subscribe(world.account(), "tried", at("01-10"))

    def again(rows: dict[str, list[dict[str, object]]]) -> None:
        (phase,) = (row for row in rows["subscription_events"] if row["event_type"] == "PHASE")
        later = {**phase, "id": "another", "record_id": 99, "effective_date": at("01-29")}
        rows["subscription_events"].append(later)

    assert world.told(surface, "status", edit=again) == [
        ("01-10", "01-24", "trialing"),
        ("01-24", "", "active"),
    ]


def test_no_end_is_before_the_request_of_it(surface: Surface) -> None:
    world = World()
    made = world.kb.subscribe(world.account(), "tried", at("01-10"))
    world.kb.cancel(made, at("01-15"))

    # What is paid of a trial ends with its beginning: so does access until then.
    def at_term(rows: dict[str, list[dict[str, object]]]) -> None:
        (row,) = (row for row in rows["blocking_states"] if row["state"] == "ENT_CANCELLED")
        row["effective_date"] = at("01-10")

    (row,) = world.read(surface, "subscription_intervals", at_term)
    assert row["cancel_effective_at"] == at("01-15")


def test_what_ends_an_add_on_with_its_base_was_asked_for_with_the_base(surface: Surface) -> None:
    world = World()
    base = world.kb.subscribe(world.account(), "basic", at("01-10"))
    world.kb.add_on(base, "support", at("01-20"))
    world.kb.cancel(base, at("03-01"), entitlement="IMMEDIATE", billing="END_OF_TERM")
    told = world.told(surface, "plan", "cancel_requested_at", "cancel_effective_at")
    assert told == [
        ("01-10", "03-10", "basic", at("03-01"), at("03-01")),
        ("01-20", "03-10", "support", at("03-01"), at("03-01")),
    ]
