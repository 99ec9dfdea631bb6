"""What is wrong with a landing of Stripe, or the grants on it, is said before anything is built."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import yaml

from cli.conftest import Tidemill
from tidemill_cli import stripe_requirements as stripe
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.session import connect
from tidemill_cli.demo.stripe.schema import (
    GENERATIONS,
    columns_of,
    create_events_table,
    create_schema,
)
from tidemill_cli.errors import TidemillError
from tidemill_cli.preflight import check_stripe

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def landings(new_database: Callable[[], str]) -> dict[str, str]:
    """A database per generation, for tests that change nothing in it."""
    made: dict[str, str] = {}
    for generation in GENERATIONS:
        made[generation] = new_database()
        with psycopg.connect(made[generation], autocommit=True) as session:
            create_schema(session, generation=generation)
    return made


def check(dsn: str, schema: str = "stripe", change: str = "", events: str | None = None) -> str:
    """Check a database after a change that is rolled back."""
    with connect(resolve(ConnectionOptions(dsn=dsn), {}), "tests") as session:
        session.execute("begin")
        if change:
            session.execute(change)
        try:
            return check_stripe(session, schema, events)
        finally:
            session.execute("rollback")


@pytest.mark.parametrize(
    ("generation", "name"),
    [
        ("classic", "the classic engine (@supabase/stripe-sync-engine)"),
        ("replit", "replit (stripe-replit-sync)"),
        ("v1", "v1 (@stripe/sync-engine)"),
        ("v2", "v2 (@stripe/sync-*)"),
    ],
)
def test_the_engine_is_named(landings: dict[str, str], generation: str, name: str) -> None:
    assert check(landings[generation]) == name


def test_tables_that_keep_the_account_in_the_payload_alone_are_of_v2(
    landings: dict[str, str],
) -> None:
    change = "alter table stripe.subscriptions drop column _account_id"
    assert check(landings["v2"], change=change) == "v2 (@stripe/sync-*)"


@pytest.mark.parametrize(
    ("generation", "change", "sentences"),
    [
        (
            "v1",
            "drop table stripe.invoices",
            ["no table invoices in schema stripe of database", "(--stripe-schema)"],
        ),
        (
            "v1",
            "drop schema stripe cascade",
            ["no schema stripe in database", "(--stripe-schema)"],
        ),
        (
            "classic",
            "alter table stripe.invoices drop column lines",
            ["column stripe.invoices.lines is missing, and there is no _raw_data either"],
        ),
    ],
)
def test_what_is_missing_is_named(
    landings: dict[str, str], generation: str, change: str, sentences: list[str]
) -> None:
    with pytest.raises(TidemillError) as raised:
        check(landings[generation], change=change)

    for sentence in sentences:
        assert sentence in str(raised.value)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_optional_tables_and_columns_may_be_missing(
    landings: dict[str, str], generation: str
) -> None:
    change = "; ".join(f"drop table if exists stripe.{name}" for name in stripe.OPTIONAL_TABLES)
    if generation == "classic":
        change += "; alter table stripe.subscriptions drop column billing_cycle_anchor"
    assert check(landings[generation], change=change)


def test_a_missing_grant_on_the_schema_is_named(landings: dict[str, str], reader: str) -> None:
    with pytest.raises(TidemillError, match=f"`grant usage on schema stripe to {reader}`"):
        check(landings["v1"], change=f"set local role {reader}")


def test_a_missing_grant_on_a_table_is_named_with_the_statement(
    landings: dict[str, str], reader: str
) -> None:
    change = (
        f"grant usage on schema stripe to {reader}; grant select on all tables in schema stripe to"
        f" {reader}; revoke select on stripe.refunds from {reader}; set local role {reader}"
    )
    with pytest.raises(TidemillError) as raised:
        check(landings["v1"], change=change)

    columns = "_raw_data, _account_id, _last_synced_at"
    assert str(raised.value) == (
        f"user {reader} may not read stripe.refunds ({columns}): `grant select ({columns}) on "
        f"stripe.refunds to {reader}`, or let the owner of the tables run "
        f"`tidemill init --role {reader} --apply` (again)."
    )


@pytest.mark.parametrize("generation", GENERATIONS)
def test_grants_on_the_columns_that_are_read_are_enough(
    landings: dict[str, str], reader: str, generation: str
) -> None:
    wanted = {**stripe.REQUIRED, **stripe.OPTIONAL_TABLES}
    with psycopg.connect(landings[generation]) as session:
        rows = session.execute(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = 'stripe'"
        ).fetchall()
    if generation == "classic":
        read = {table: {*columns, "last_synced_at"} for table, columns in wanted.items()}
    else:
        read = {table: {"_raw_data", "_account_id", "_last_synced_at"} for table in wanted}
    granted = [(table, name) for table, name in rows if name in read.get(table, ())]
    grants = "; ".join(
        f'grant select ("{name}") on stripe.{table} to {reader}' for table, name in granted
    )
    change = f"grant usage on schema stripe to {reader}; {grants}"
    versions = f"grant select (tableoid, xmin, ctid) on stripe.invoices to {reader}"

    assert check(landings[generation], change=f"{change}; {versions}; set local role {reader}")
    with pytest.raises(TidemillError, match=re.escape(f"`{versions}`")):
        check(landings[generation], change=f"{change}; set local role {reader}")


def test_a_missing_grant_on_a_column_is_named_with_the_statement(
    landings: dict[str, str], reader: str
) -> None:
    change = (
        f"grant usage on schema stripe to {reader}; grant select on all tables in schema stripe to"
        f" {reader}; revoke select on stripe.subscriptions from {reader}; grant select"
        f" (_account_id, _last_synced_at) on stripe.subscriptions to {reader};"
        f" set local role {reader}"
    )
    with pytest.raises(TidemillError) as raised:
        check(landings["v1"], change=change)

    assert f"`grant select (_raw_data) on stripe.subscriptions to {reader}`" in str(raised.value)


def test_events_are_checked_where_they_are_kept(database: str, reader: str) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        create_schema(session)
        session.execute("create schema kept")

    with pytest.raises(TidemillError, match="no table stripe_events in schema kept"):
        check(database, events="kept")
    with pytest.raises(
        TidemillError, match=r"no schema elsewhere .* tidemill_stripe_events_schema"
    ):
        check(database, events="elsewhere")

    with psycopg.connect(database, autocommit=True) as session:
        create_events_table(session, "kept")
        create_events_table(session)
    assert check(database, events="kept")
    with pytest.raises(TidemillError, match=r"column data of kept\.stripe_events is missing"):
        check(database, change="alter table kept.stripe_events drop column data", events="kept")
    # Nobody asked for these, but they stand beside what is landed, and would be read.
    grants = (
        f"grant usage on schema stripe to {reader}; grant select on all tables in schema stripe to"
        f" {reader}; revoke select on stripe.stripe_events from {reader}; set local role {reader}"
    )
    with pytest.raises(TidemillError, match=rf"\) on stripe.stripe_events to {reader}"):
        check(database, change=grants)


def test_run_says_what_is_missing_and_builds_nothing(tidemill: Tidemill, database: str) -> None:
    words = ("run", "--dsn", database, "--vars", "tidemill_billing_sources=[stripe]")
    result = tidemill(*words, "--stripe-schema", "payments")

    assert result.exit_code == 2
    assert "there is no schema payments in database" in result.stderr
    with psycopg.connect(database) as session:
        row = session.execute("select to_regnamespace('tidemill')").fetchone()
    assert row == (None,)


def test_doctor_names_the_engines_and_what_would_stop_a_run(
    tidemill: Tidemill, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        create_schema(session)
    words = ("doctor", "--dsn", database, "--vars")

    ready = tidemill(*words, "tidemill_billing_sources=[stripe]")
    assert ready.exit_code == 0, ready.output
    first, second, *others = ready.stdout.splitlines()
    assert first.startswith("Database ")
    assert second.startswith("PostgreSQL ")
    assert [line for line in others if not line.startswith("stripe: ")] == [
        "Stripe landed by v1 (@stripe/sync-engine) in schema stripe.",
        "No metrics in schema tidemill yet.",
    ]

    both = tidemill(*words, "tidemill_billing_sources=[lago, stripe]")
    assert both.exit_code == 2
    assert "Problem: there is no table subscriptions in schema public of database" in both.stdout
    assert "Stripe landed by v1 (@stripe/sync-engine) in schema stripe." in both.stdout


def test_doctor_names_v2_where_it_lands_unless_told_otherwise(
    tidemill: Tidemill, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        create_schema(session, "public", "v2")
    settings = ("--vars", "tidemill_billing_sources=[stripe]")
    settings += ("--vars", "tidemill_stripe_schema=public")

    result = tidemill("doctor", "--dsn", database, *settings)

    assert result.exit_code == 0, result.output
    assert "Stripe landed by v2 (@stripe/sync-*) in schema public." in result.stdout.splitlines()


def test_doctor_lists_the_options_that_the_metrics_were_made_with(
    tidemill: Tidemill, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        create_schema(session)
        session.execute("create schema tidemill")
        session.execute(
            "create view tidemill.metric_definitions as select * from (values"
            " ('week_factor', '4', '52/12', false, null::timestamptz),"
            " ('mrr_tax', 'exclude', 'exclude', true, null),"
            " ('arr_scope', 'annual_plans_only', 'all', false, '2026-01-01')"
            ") as options (option, value, default_value, is_default, in_force_to)"
        )

    words = ("doctor", "--dsn", database, "--vars", "tidemill_billing_sources=[stripe]")
    assert tidemill(*words).stdout.splitlines()[-2:] == [
        "Metrics in schema tidemill; options not at their default:",
        "  week_factor: 4 (default 52/12)",
    ]


def test_the_columns_checked_are_the_columns_that_the_models_read() -> None:
    document = yaml.safe_load(
        (ROOT / "models/sources/stripe/_stripe__sources.yml").read_text(encoding="utf-8")
    )
    declared = {
        table["name"]: {column["name"] for column in table["columns"]}
        for source in document["sources"]
        for table in source["tables"]
    }
    beside = {stripe.PAYLOAD, *stripe.BESIDE_PAYLOAD, stripe.SYNCED_AT}
    checked = {
        table: {*columns, *beside}
        for table, columns in {**stripe.REQUIRED, **stripe.OPTIONAL_TABLES}.items()
    }

    assert declared == {**checked, stripe.EVENTS: set(stripe.EVENT_COLUMNS_READ)}


def test_the_required_tables_are_those_that_every_engine_has() -> None:
    for generation in GENERATIONS:
        assert set(stripe.REQUIRED) <= set(columns_of(generation))
    document = yaml.safe_load(
        (ROOT / "models/sources/stripe/_stripe__sources.yml").read_text(encoding="utf-8")
    )
    optional = {
        table["name"]
        for source in document["sources"]
        for table in source["tables"]
        if table.get("config", {}).get("meta", {}).get("optional")
    }
    assert optional == {*stripe.OPTIONAL_TABLES, stripe.EVENTS}
