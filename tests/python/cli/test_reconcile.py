"""`tidemill reconcile` against what Sigma would hold of a history, made of the truth."""

from __future__ import annotations

import csv
import io
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from typer.testing import Result

from cli.conftest import Tidemill
from cli.stripe_history import AS_OF, History, play
from generator.stripe.scripts import at
from plain_dbt.in_process import UNTESTED, InProcess
from reference.stripe.sigma import Event, Settings, change_events
from reference.stripe.sigma_tables import BETA, TABLE, create_table, load_events
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.session import connect
from tidemill_cli.demo.stripe.load import load
from tidemill_cli.demo.stripe.load import load_events as load_stripe_events
from tidemill_cli.demo.stripe.schema import create_schema
from tidemill_cli.facade import publish

# How a user of Stripe sets it to agree with Tidemill's defaults.
LIKE_TIDEMILL = Settings(discounts=("forever", "repeating"), ends="period")
# And the other way round, with days that are cut elsewhere.
LIKE_STRIPE = {
    "tidemill_churn_date": "cancel_requested",
    "tidemill_mrr_discounts": "forever",
    "tidemill_netting": "none",
    "tidemill_reporting_timezone": "America/New_York",
}
AGREED = "sigma"


@dataclass(frozen=True)
class World:
    """A database with the history built in two schemas, by default and as Stripe does."""

    dsn: str
    history: History

    def sigma(self, events: list[Event], schema: str | None = None, table: str = TABLE) -> str:
        """Land events in a schema of their own."""
        schema = schema or f"sigma_{secrets.token_hex(4)}"
        with psycopg.connect(self.dsn) as connection:
            create_table(connection, schema, table)
            load_events(connection, events, schema, table)
        return schema

    def events(self, settings: Settings = LIKE_TIDEMILL) -> list[Event]:
        return change_events(self.history.truth, self.history.accounts, settings)

    def of(self, name: str, event_type: str) -> Callable[[Event], bool]:
        """Whether an event is of a kind, and of the subscription of a name."""
        wanted = self.history.names[name].id
        return lambda event: (
            event["subscription_id"] == wanted and event["event_type"] == event_type
        )


@pytest.fixture(scope="module")
def world(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(new_database(), play())
    stripe = made.history.stripe
    with psycopg.connect(made.dsn) as connection:
        create_schema(connection)
        load(connection, stripe.objects())
        load_stripe_events(connection, stripe.events())
    project = InProcess(made.dsn, tmp_path_factory.mktemp("world"))
    asked = {"tidemill_as_of": AS_OF, "tidemill_billing_sources": ["stripe"]}
    selected = (*UNTESTED, "--select", "+metric_mrr_movements", "+definitions")
    project.build(*selected, variables=asked)
    # And as `tidemill run` does: a schema for all of a build, and views that show it.
    zones = [f"{made.history.tenants[1]}=Asia/Tokyo"]
    own = {**asked, **LIKE_STRIPE, "tidemill_tenant_timezones": zones}
    build = "own_20240615120000"
    replace(project, schema="own").build(*selected, variables=own, TIDEMILL_BUILD_SCHEMA=build)
    with connect(resolve(ConnectionOptions(dsn=made.dsn), {}), "tests") as session:
        publish(session, "own", build)
    made.sigma(made.events(), AGREED)
    return made


@pytest.fixture
def reconcile(tidemill: Tidemill, world: World) -> Callable[..., Result]:
    return lambda *words: tidemill("reconcile", "--dsn", world.dsn, *words)


def document(result: Result, exit_code: int = 1) -> dict[str, Any]:
    assert result.exit_code == exit_code, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_what_sigma_says_of_the_truth_is_what_the_ledger_says(
    reconcile: Callable[..., Result],
) -> None:
    result = reconcile()

    assert result.exit_code == 0, result.stdout
    # From the first change to the last day that was over a day before 15 June at noon.
    assert result.stdout == (
        "163 days compared, 163 equal within 0.01; largest difference: none.\n"
    )
    assert result.stderr.splitlines()[0] == (
        "MRR at the end of each day from 2024-01-03 to 2024-06-13 (UTC), and in "
        "sigma.subscription_item_change_events."
    )


def test_stripe_as_it_is_set_by_default_agrees_with_the_options_that_say_so(
    reconcile: Callable[..., Result], world: World
) -> None:
    schema = world.sigma(world.events(Settings()))

    result = reconcile("--schema", "own", "--sigma-schema", schema)

    assert result.exit_code == 0, result.stdout
    (only,) = result.stderr.splitlines()
    assert "(America/New_York, tenants in their own)" in only


def test_options_that_explain_a_difference_are_named(
    reconcile: Callable[..., Result], world: World
) -> None:
    schema = world.sigma(world.events(Settings()))
    names = world.history.names

    result = reconcile("--sigma-schema", schema, "--json")

    found = document(result)
    assert {each["option"] for each in found["options"]} == {"churn_date", "mrr_discounts"}
    assert "  churn_date is service_end: Stripe drops it when the cancellation" in result.stderr
    assert [(row["from"], row["to"], row["difference"], _named(row)) for row in found["rows"]] == [
        # A fifth of 120 off for two months, and three times 50 from the request to the end.
        ("2024-02-01", "2024-03-04", "-24.0000000000", {names["helped"].id}),
        ("2024-03-05", "2024-03-23", "126.0000000000", {names["helped"].id, names["tried"].id}),
        ("2024-03-24", "2024-03-31", "-24.0000000000", {names["helped"].id}),
    ]


def _named(row: dict[str, Any]) -> set[str]:
    return {one["subscription_id"] for one in row["subscriptions"]}


def test_an_event_that_is_missing_names_its_subscription(
    reconcile: Callable[..., Result], world: World
) -> None:
    ended = world.of("weekly", "ACTIVE_END")
    schema = world.sigma([event for event in world.events() if not ended(event)])
    weekly = world.history.names["weekly"]

    result = reconcile("--sigma-schema", schema)

    assert result.exit_code == 1
    levels, who, summary = (part.splitlines() for part in result.stdout.split("\n\n"))
    assert levels[0].split() == [
        *("from", "to", "currency", "ours", "Sigma", "rounding", "difference")
    ]
    # 100 / 12 + 90 + 120 + 50 + 50 + 50, and 12 * 52 / 12 more.
    assert levels[2].split() == [
        *("2024-04-11", "2024-06-13", "USD", "368.33", "420.33", "0.00", "-52.00")
    ]
    assert len(levels) == 3
    assert who[2].split() == [
        *("2024-06-13", weekly.id, weekly.customer.id, "USD", "0.00", "52.00", "-52.00")
    ]
    assert summary == [
        "163 days compared, 99 equal within 0.01; largest difference: -52.00 USD on 2024-04-11 to "
        "2024-06-13."
    ]


def test_yen_have_no_minor_unit(reconcile: Callable[..., Result], world: World) -> None:
    upgraded = world.of("yen", "ACTIVE_UPGRADE")
    events = [
        {**event, "mrr_change": 5000} if upgraded(event) else event for event in world.events()
    ]

    (row,) = document(reconcile("--sigma-schema", world.sigma(events), "--json"))["rows"]

    # 2 * 4000 and 2 * 50000 / 12
    assert row == {
        "tenant": world.history.tenants[1],
        "currency": "JPY",
        "from": "2024-04-02",
        "to": "2024-06-13",
        "ours": "16333.3333333333",
        "sigma": "17333.0000000000",
        "rounding": "0.3333333333",
        "difference": "-1000.0000000000",
        "differing_subscriptions": 1,
        "subscriptions": [
            {
                "subscription_id": world.history.names["yen"].id,
                "customer_id": world.history.names["yen"].customer.id,
                "ours": "8000.0000000000",
                "sigma": "9000.0000000000",
                "difference": "-1000.0000000000",
            }
        ],
    }


def test_half_a_minor_unit_of_an_item_is_rounding_and_more_is_not(
    reconcile: Callable[..., Result], world: World
) -> None:
    # 833.33 cents, and 4166.67 yen and then 8333.33, are held in whole ones.
    assert reconcile("--tolerance", "0").exit_code == 0

    begun = world.of("yearly", "ACTIVE_START")
    events = [{**event, "mrr_change": 834} if begun(event) else event for event in world.events()]
    schema = world.sigma(events)
    assert reconcile("--sigma-schema", schema).exit_code == 0
    (row,) = document(reconcile("--sigma-schema", schema, "--tolerance", "0", "--json"))["rows"]
    assert (row["difference"], _named(row)) == (
        "-0.0066666667",
        {world.history.names["yearly"].id},
    )


def test_a_larger_tolerance_lets_a_difference_pass(
    reconcile: Callable[..., Result], world: World
) -> None:
    ended = world.of("weekly", "ACTIVE_END")
    schema = world.sigma([event for event in world.events() if not ended(event)])

    assert reconcile("--sigma-schema", schema, "--tolerance", "51.99").exit_code == 1
    passed = reconcile("--sigma-schema", schema, "--tolerance", "52")

    assert passed.exit_code == 0
    assert passed.stdout == (
        "163 days compared, 163 equal within 52; largest difference: -52.00 USD on 2024-04-11 to "
        "2024-06-13.\n"
    )


def test_only_what_stands_at_the_end_of_a_day_is_compared(
    reconcile: Callable[..., Result], world: World
) -> None:
    ended = world.of("weekly", "ACTIVE_END")

    def moved(hours: int) -> str:
        return world.sigma(
            [
                {**event, "event_timestamp": event["event_timestamp"] + timedelta(hours=hours)}  # type: ignore[operator]
                if ended(event)
                else event
                for event in world.events()
            ]
        )

    # It ended at a quarter past one.
    assert reconcile("--sigma-schema", moved(22)).exit_code == 0
    assert reconcile("--sigma-schema", moved(-1)).exit_code == 0
    (row,) = document(reconcile("--sigma-schema", moved(-2), "--json"))["rows"]
    assert (row["from"], row["to"], row["difference"]) == (
        *("2024-04-10", "2024-04-10", "52.0000000000"),
    )
    assert _named(row) == {world.history.names["weekly"].id}


def test_who_differs_is_told_for_the_last_day(
    reconcile: Callable[..., Result], world: World
) -> None:
    begun = world.of("tried", "ACTIVE_START")
    schema = world.sigma([event for event in world.events() if not begun(event)])

    # There are three of it from that day on: 50 of 150 are not in Sigma.
    found = document(reconcile("--sigma-schema", schema, "--to", "2024-02-10", "--json"))

    (row,) = found["rows"]
    assert (row["from"], row["to"]) == ("2024-01-24", "2024-02-10")
    (who,) = row["subscriptions"]
    assert (who["ours"], who["sigma"], who["difference"]) == (
        *("150.0000000000", "100.0000000000", "50.0000000000"),
    )


def test_a_difference_in_one_account_does_not_make_up_for_one_in_another(
    reconcile: Callable[..., Result], world: World
) -> None:
    acme, tokyo = world.history.tenants
    begun = world.of("late", "ACTIVE_START")
    events = [
        {**event, "_account_id": tokyo, "subscription_id": "sub_other"} if begun(event) else event
        for event in world.events()
    ]
    schema = world.sigma(events)

    found = document(reconcile("--sigma-schema", schema, "--json"))
    assert {(row["tenant"], row["difference"]) for row in found["rows"]} == {
        (acme, "50.0000000000"),
        (tokyo, "-50.0000000000"),
    }
    assert found["equal_days"] == 2, "3 and 4 January"
    table = reconcile("--sigma-schema", schema).stdout
    assert table.split()[:4] == ["from", "to", "tenant", "currency"]
    assert reconcile("--sigma-schema", schema, "--currency", "jpy").exit_code == 0
    one = document(reconcile("--sigma-schema", schema, "--tenant", tokyo, "--json"))
    assert [_named(row) for row in one["rows"]] == [{"sub_other"}]


def test_an_account_without_sigma_is_left_out_and_said(
    reconcile: Callable[..., Result], world: World
) -> None:
    acme, tokyo = world.history.tenants
    schema = world.sigma([event for event in world.events() if event["_account_id"] == acme])

    result = reconcile("--sigma-schema", schema)
    alone = reconcile("--sigma-schema", schema, "--tenant", tokyo)

    assert result.exit_code == 0
    assert f"Sigma holds no events of tenant {tokyo}: it is not compared." in result.stderr
    assert alone.exit_code == 2
    assert f"Sigma holds no events of {tokyo}" in alone.stderr


def test_what_is_settled_in_another_currency_is_said(
    reconcile: Callable[..., Result], world: World
) -> None:
    yen = {world.history.names["yen"].id, world.history.names["yen_year"].id}
    events = [
        {**event, "currency": "usd"} if event["subscription_id"] in yen else event
        for event in world.events()
    ]

    result = reconcile("--sigma-schema", world.sigma(events), "--json")

    rows = document(result)["rows"]
    assert "Sigma has 2 subscriptions in another currency than they are billed in" in result.stderr
    # 2 * 4000 and 2 * 50000 / 12, of yen here and of cents there
    assert {row["currency"]: row["difference"] for row in rows if row["to"] == "2024-06-13"} == {
        "JPY": "16333.3333333333",
        "USD": "-163.3300000000",
    }
    for row in rows:
        parts = [Decimal(one["difference"]) for one in row["subscriptions"]]
        assert sum(parts) == Decimal(row["difference"])


def test_days_and_currencies_can_be_chosen(reconcile: Callable[..., Result], world: World) -> None:
    begun = world.of("late", "ACTIVE_START")
    schema = world.sigma([event for event in world.events() if not begun(event)])

    def compared(*words: str) -> tuple[int, int]:
        result = reconcile("--sigma-schema", schema, "--json", *words)
        found = json.loads(result.stdout)
        return found["days"], found["equal_days"]

    assert compared() == (163, 2)
    assert compared("--from", "2024-02", "--to", "2024-03") == (60, 0)
    assert compared("--from", "2024-01-01", "--to", "2024-01-05") == (5, 4)
    # To the day of the build, if asked to.
    assert compared("--from", "2024-06-10", "--to", "2024-12") == (6, 0)
    assert compared("--from", "2024-02", "--currency", "KWD")[1] == 134


def test_csv_has_a_line_for_each_run_of_days(
    reconcile: Callable[..., Result], world: World
) -> None:
    ended = world.of("weekly", "ACTIVE_END")
    schema = world.sigma([event for event in world.events() if not ended(event)])

    result = reconcile("--sigma-schema", schema, "--csv")

    (row,) = csv.DictReader(io.StringIO(result.stdout))
    assert row["subscriptions"] == world.history.names["weekly"].id
    assert (row["from"], row["to"], row["currency"]) == ("2024-04-11", "2024-06-13", "USD")


def test_more_subscriptions_than_are_named_are_counted(
    reconcile: Callable[..., Result], world: World
) -> None:
    # Whatever is in dollars is there twice.
    events = [
        {**event, "mrr_change": 2 * event["mrr_change"]} if event["currency"] == "usd" else event  # type: ignore[operator]
        for event in world.events()
    ]
    words = ("--sigma-schema", world.sigma(events), "--from", "2024-05", "--to", "2024-05")

    (row,) = document(reconcile(*words, "--subscriptions", "2", "--json"))["rows"]

    assert row["differing_subscriptions"] == 6
    assert [one["difference"] for one in row["subscriptions"]] == [
        *("-120.0000000000", "-90.0000000000"),
    ]
    assert "and 3 more" in reconcile(*words).stdout


def test_the_beta_table_is_read_where_it_knows_more(
    reconcile: Callable[..., Result], world: World
) -> None:
    old = [event for event in world.events() if event["event_timestamp"] < at("2024-03-01")]  # type: ignore[operator]
    beta = world.sigma(world.events(), table=BETA)

    assert reconcile("--sigma-schema", beta).exit_code == 0
    with psycopg.connect(world.dsn) as connection:
        create_table(connection, beta)
    assert reconcile("--sigma-schema", beta).exit_code == 0, "an empty one is passed over"
    with psycopg.connect(world.dsn) as connection:
        load_events(connection, old, beta)
    result = reconcile("--sigma-schema", beta)
    assert result.exit_code == 0
    assert f"and in {beta}.{BETA}." in result.stderr
    with psycopg.connect(world.dsn) as connection:
        load_events(connection, world.events(), beta)
    assert f"and in {beta}.{TABLE}." in reconcile("--sigma-schema", beta).stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--json", "--csv"], "--json and --csv exclude each other"),
        (["--from", "2024-03", "--to", "2024-02"], "--from 2024-03 is later than --to 2024-02"),
        (["--from", "2024-06-14"], "there is no day to compare from 2024-06-14 on"),
        (["--tolerance", "a cent"], "--tolerance a cent is not an amount: write it as 0.01."),
        (["--tolerance", "-1"], "--tolerance -1 is not an amount"),
        (["--tolerance", "NaN"], "--tolerance NaN is not an amount"),
        (["--currency", "eur"], "there is no currency EUR: there are JPY, KWD, USD."),
        (["--tenant", "acct"], "there is no tenant acct: there are acct_"),
        (["--sigma-schema", "stripe"], "there is no stripe.subscription_item_change_events in"),
        (["--sigma-schema", "x'; drop"], "there is no x'; drop.subscription_item_change_events"),
        (["--schema", "nothing"], "no metrics yet in schema nothing: run `tidemill run` first."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    reconcile: Callable[..., Result], words: list[str], sentence: str
) -> None:
    result = reconcile(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert sentence in result.stderr


def test_an_empty_sigma_is_said(reconcile: Callable[..., Result], world: World) -> None:
    result = reconcile("--sigma-schema", (schema := world.sigma([])))

    assert result.exit_code == 2
    assert f"{schema}.{TABLE} holds no events: let @stripe/sync-engine land Sigma" in result.stderr


def copied(world: World, schema: str, *tables: str) -> psycopg.Connection[Any]:
    """A schema with copies of tables of the build, and the view that makes it the published one."""
    connection = psycopg.connect(world.dsn, autocommit=True)
    connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    for table in (*tables, "mrr_movements", "item_mrr", "as_of", "definitions"):
        connection.execute(
            sql.SQL("create table {} as table {}").format(
                sql.Identifier(schema, table), sql.Identifier("tidemill_core", table)
            )
        )
    connection.execute(
        sql.SQL("create view {} as table {}").format(
            sql.Identifier(schema, "metric_mrr_movements"), sql.Identifier(schema, "mrr_movements")
        )
    )
    return connection


def test_metrics_without_an_engines_own_numbers_are_compared_with_invoices(
    reconcile: Callable[..., Result], world: World
) -> None:
    copied(world, "lago_only").close()

    result = reconcile("--schema", "lago_only")
    asked = reconcile("--schema", "lago_only", "--source", "killbill")

    assert (result.exit_code, asked.exit_code) == (2, 2)
    assert "the build in schema lago_only has no readable invoice_lines" in result.stderr
    assert "the metrics are built without Kill Bill: run `tidemill run --vars " in asked.stderr


def test_other_billing_engines_are_not_compared(
    reconcile: Callable[..., Result], world: World
) -> None:
    with copied(world, "both", "stripe_currencies") as connection:
        for table in ("mrr_movements", "item_mrr"):
            name = sql.Identifier("both", table)
            connection.execute(sql.SQL("create temp table lago as table {}").format(name))
            connection.execute("update lago set billing_source = 'lago'")
            connection.execute(sql.SQL("insert into {} table lago").format(name))
            connection.execute("drop table lago")

    assert reconcile("--schema", "both").exit_code == 0


def test_a_ledger_that_is_not_the_sum_of_its_items_differs_and_names_nobody(
    reconcile: Callable[..., Result], world: World
) -> None:
    with copied(world, "broken", "stripe_currencies") as connection:
        connection.execute(
            "update broken.mrr_movements set amount = amount + 7 where currency = 'KWD'"
        )

    (row,) = document(reconcile("--schema", "broken", "--json"))["rows"]

    assert (row["from"], row["difference"], row["subscriptions"]) == (
        *("2024-01-12", "7.0000000000", []),
    )


def test_a_build_of_another_shape_is_said(reconcile: Callable[..., Result], world: World) -> None:
    with copied(world, "older", "stripe_currencies") as connection:
        connection.execute("alter table older.item_mrr drop column to_window")

    result = reconcile("--schema", "older")

    assert result.exit_code == 2
    assert "(there is no item_mrr.to_window): run `tidemill run` again." in result.stderr


def test_grants_that_are_missing_are_named(tidemill: Tidemill, world: World, reader: str) -> None:
    dsn = make_conninfo(world.dsn, user=reader)

    def refused() -> str:
        result = tidemill("reconcile", "--dsn", dsn)
        assert (result.exit_code, result.stdout) == (2, "")
        (sentence,) = result.stderr.splitlines()
        return sentence

    with psycopg.connect(world.dsn, autocommit=True) as connection:
        assert f"user {reader} may not read the ledger" in refused()
        connection.execute(f"grant usage on schema tidemill_core to {reader}")  # type: ignore[arg-type]
        assert "grant select on all tables in schema tidemill_core" in refused()
        connection.execute(f"grant select on all tables in schema tidemill_core to {reader}")  # type: ignore[arg-type]
        assert (
            f"`grant usage on schema sigma to {reader}; grant select on sigma.{TABLE}" in refused()
        )
        connection.execute(f"grant usage on schema sigma to {reader}")  # type: ignore[arg-type]
        assert f"user {reader} may not read sigma.{TABLE}" in refused()
        connection.execute(f"grant select on sigma.{TABLE} to {reader}")  # type: ignore[arg-type]
    assert tidemill("reconcile", "--dsn", dsn).exit_code == 0
