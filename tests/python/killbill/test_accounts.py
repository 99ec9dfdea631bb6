"""Customers, who has a bundle, and where they are."""

from __future__ import annotations

from .surface import Surface
from .world import START, World, at, day


def test_an_account_is_a_customer(surface: Surface) -> None:
    world = World()
    parent = world.account(name="Ann", company="Ann & Co", country="de", key="ann", currency="EUR")
    world.account(company="Bolt", key="bolt", parent=parent, fields={"channel": "ads", "tier": "1"})
    world.account(key="cy")
    told = sorted(world.read(surface, "customers"), key=lambda row: row["external_id"])
    assert [(row["name"], row["country"], row["currency"]) for row in told] == [
        ("Ann", "DE", "EUR"),
        ("Bolt", "unknown", "USD"),
        ("cy", "unknown", "USD"),
    ]
    assert [row["parent_customer_id"] for row in told] == [None, parent.id, None]
    assert [row["attributes"] for row in told] == [{}, {"channel": "ads", "tier": "1"}, {}]
    assert {row["tenant_id"] for row in told} == {str(world.acme.row["id"])}
    assert not any(row["is_excluded"] for row in told)


def test_test_and_partner_accounts_are_excluded_while_they_are_tagged(
    surface: Surface,
) -> None:
    world = World()
    tagged = {name: world.account(name=name) for name in ("TEST", "PARTNER", "MANUAL_PAY", "was")}
    for name in ("TEST", "PARTNER", "MANUAL_PAY"):
        world.kb.tag(tagged[name], name, at("02-01"))
    tag = world.kb.tag(tagged["was"], "TEST", at("02-01"))
    world.kb.untag(tagged["was"], tag, at("03-01"))
    told = {row["name"]: row for row in world.read(surface, "customers")}
    assert {name: row["excluded_because"] for name, row in told.items()} == {
        "TEST": "test account",
        "PARTNER": "partner account",
        "MANUAL_PAY": None,
        "was": None,
    }
    assert {name for name, row in told.items() if row["is_excluded"]} == {"TEST", "PARTNER"}


def test_a_closed_account_stays(surface: Surface) -> None:
    world = World()
    account = world.account()
    world.kb.subscribe(account, "basic", at("01-10"))
    world.kb.close_account(account, at("02-01"), cancel=None)
    (row,) = world.read(surface, "customers")
    assert row["deleted_at"] == at("02-01")
    assert world.told(surface, "plan") == [("01-10", "", "basic")]


def test_tenants_are_kept_apart(surface: Surface) -> None:
    world = World()
    other = world.kb.tenant("Other")
    world.kb.catalog(other, START, world.acme.versions[0].plans)
    mine = world.account(key="same")
    theirs = world.kb.account(other, START, key="same")
    for account in (mine, theirs):
        world.kb.subscribe(account, "basic", at("01-10"), key="same")
    rows = world.read(surface, "subscription_intervals")
    assert {(row["tenant_id"], row["customer_id"]) for row in rows} == {
        (world.acme.row["id"], mine.id),
        (other.row["id"], theirs.id),
    }


def test_a_server_for_one_tenant_has_no_row_of_it(surface: Surface) -> None:
    world = World()
    world.account()

    def single(rows: dict[str, list[dict[str, object]]]) -> None:
        rows["tenants"].clear()
        for account in rows["accounts"]:
            account["tenant_record_id"] = 0

    (row,) = world.read(surface, "customers", single)
    assert row["tenant_id"] == "default"


def test_a_country_counts_from_its_change_on(surface: Surface) -> None:
    world = World()
    account = world.account(country="de")
    world.kb.subscribe(account, "basic", at("01-10"))
    world.kb.change_country(account, "fr", at("03-01"))
    assert world.told(surface, "country") == [("01-10", "03-01", "DE"), ("03-01", "", "FR")]

    # Other changes of an account change nothing here.
    def rename(rows: dict[str, list[dict[str, object]]]) -> None:
        last = rows["account_history"][-1]
        rows["account_history"].append(
            {**last, "record_id": 99, "name": "New", "updated_date": at("04-01")}
        )

    assert world.told(surface, "country", edit=rename)[1:] == [("03-01", "", "FR")]

    # What was kept before there were histories.
    def forget(rows: dict[str, list[dict[str, object]]]) -> None:
        rows["account_history"].clear()

    assert world.told(surface, "country", edit=forget) == [("01-10", "", "FR")]


def test_a_bundle_belongs_to_who_has_it_in_the_end(surface: Surface) -> None:
    world = World()
    first, second = world.account(country="de"), world.account(country="fr")
    third = world.account(country="it")
    made = world.kb.subscribe(first, "basic", at("01-10"), key="ours", quantity=3)
    # Billing of the old bundle goes on to the end of its term.
    moved = world.kb.transfer(made.bundle, second, at("02-15"))
    world.kb.transfer(moved, third, at("03-20"))
    assert world.told(surface, "customer_id", "country", "quantity", "cancel_effective_at") == [
        ("01-10", "02-15", third.id, "DE", 3, None),
        ("02-15", "03-20", third.id, "FR", 3, None),
        ("03-20", "", third.id, "IT", 3, None),
    ]
    assert len({row["item_id"] for row in world.read(surface, "subscription_intervals")}) == 3
    lines = world.read(surface, "invoice_lines")
    assert lines
    assert {row["customer_id"] for row in lines} == {third.id}


def test_what_ended_before_a_transfer_was_ended(surface: Surface) -> None:
    world = World()
    first, second = world.account(), world.account()
    made = world.kb.subscribe(first, "basic", at("01-10"), key="ours")
    added = world.kb.add_on(made, "support", at("01-10"))
    world.kb.cancel(added, at("01-20"))
    world.kb.transfer(made.bundle, second, at("02-15"), cancel_immediately=True)
    assert sorted(world.told(surface, "plan", "cancel_effective_at")) == [
        ("01-10", "01-20", "support", at("01-20")),
        ("01-10", "02-15", "basic", None),
        ("02-15", "", "basic", None),
    ]


def test_a_trial_that_is_handed_over_is_one_trial(surface: Surface) -> None:
    world = World()
    first, second = world.account(), world.account()
    made = world.kb.subscribe(first, "tried", at("01-10"), key="ours")
    world.kb.transfer(made.bundle, second, at("01-15"), cancel_immediately=True)
    (trial,) = world.read(surface, "trials")
    assert (day(trial["started_at"]), day(trial["ends_at"])) == ("01-10", "01-24")
    assert (trial["customer_id"], trial["cancelled_at"]) == (second.id, None)
    assert [row[:3] for row in world.told(surface, "status")] == [
        ("01-10", "01-15", "trialing"),
        ("01-15", "01-24", "trialing"),
        ("01-24", "", "active"),
    ]
    running = [r for r in world.read(surface, "subscription_intervals") if r["valid_to"] is None]
    assert [row["subscription_id"] for row in running] == [trial["subscription_id"]]


def test_a_key_that_is_used_again_is_no_transfer(surface: Surface) -> None:
    world = World()
    first, second = world.account(), world.account()
    made = world.kb.subscribe(first, "basic", at("01-10"), key="ours")
    world.kb.cancel(made, at("02-01"))
    world.kb.subscribe(second, "basic", at("03-01"), key="ours")
    assert world.told(surface, "customer_id") == [
        ("01-10", "02-01", first.id),
        ("03-01", "", second.id),
    ]


def test_what_is_wrong_is_named(surface: Surface) -> None:
    world = World()
    first, second = world.account(), world.account(time_zone="America/New_York")
    made = world.kb.subscribe(first, "basic", at("01-10"), key="ours")
    world.kb.subscribe(second, "plus", at("01-10"))
    world.kb.transfer(made.bundle, second, at("02-15"))
    assert world.issues(surface) == set()

    def no_receiver(rows: dict[str, list[dict[str, object]]]) -> None:
        rows["bundles"] = [row for row in rows["bundles"] if row["external_key"] != "ours"]

    assert world.issues(surface, no_receiver) == {"receiver_missing"}

    def no_zone(rows: dict[str, list[dict[str, object]]]) -> None:
        rows["accounts"][1]["time_zone"] = "Nowhere/Else"

    assert world.issues(surface, no_zone) == {"unknown_timezone"}

    def no_account(rows: dict[str, list[dict[str, object]]]) -> None:
        del rows["accounts"][1]

    assert "account_missing" in world.issues(surface, no_account)

    def no_plan(rows: dict[str, list[dict[str, object]]]) -> None:
        rows["subscription_events"] = [
            row for row in rows["subscription_events"] if row["user_type"] != "CREATE"
        ]

    assert world.issues(surface, no_plan) == {"plan_missing"}

    def no_tenant(rows: dict[str, list[dict[str, object]]]) -> None:
        rows["tenants"].clear()

    assert "tenant_missing" in world.issues(surface, no_tenant)
    assert world.read(surface, "subscription_intervals", no_tenant) == []
