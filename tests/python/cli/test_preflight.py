"""What is wrong with the source or the grants is said before anything is built."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from cli.conftest import Tidemill
from tidemill_cli import lago_requirements as lago
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.session import Session, connect
from tidemill_cli.demo.lago.schema import RELEASES, create_schema
from tidemill_cli.errors import TidemillError
from tidemill_cli.preflight import check_facade, check_inputs, check_lago, check_writable

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def lago_database(new_database: Callable[[], str]) -> str:
    """A database with Lago's tables, for tests that change nothing in it."""
    dsn = new_database()
    with psycopg.connect(dsn, autocommit=True) as session:
        create_schema(session, indexes=False)
    return dsn


def open_session(dsn: str) -> Session:
    return connect(resolve(ConnectionOptions(dsn=dsn), {}), "tests")


def check(dsn: str, schema: str = "public", change: str = "") -> str:
    """Check a database after a change that is rolled back."""
    with open_session(dsn) as session:
        session.execute("begin")
        if change:
            session.execute(change)
        try:
            return check_lago(session, schema)
        finally:
            session.execute("rollback")


@pytest.mark.parametrize("release", RELEASES)
def test_every_supported_release_passes_and_is_named(database: str, release: str) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        create_schema(session, release=release, indexes=False)

    named = check(database)

    expected = {"HEAD": "newer than v1.51", "v1.51": "v1.49 or newer"}
    assert named == expected.get(release, f"{release} or newer")


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            "drop table public.subscriptions",
            ["no table subscriptions in schema public of database", "Set tidemill_lago_schema"],
        ),
        ("drop table public.commitments", ["table public.commitments is missing"]),
        (
            "alter table public.fees drop column amount_details",
            ["column amount_details of public.fees is missing", "from v1.26 to v1.51"],
        ),
        (
            "alter table public.fixed_charge_events drop column units",
            ["column units of public.fixed_charge_events is missing"],
        ),
    ],
)
def test_what_is_missing_is_named(lago_database: str, change: str, sentences: list[str]) -> None:
    with pytest.raises(TidemillError) as raised:
        check(lago_database, change=change)

    for sentence in sentences:
        assert sentence in str(raised.value)


def test_a_release_that_is_too_old_is_named(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        create_schema(session, release="v1.26", indexes=False)

    with pytest.raises(TidemillError) as raised:
        check(database, change="alter table public.subscriptions drop column organization_id")

    assert "column organization_id of public.subscriptions is missing" in str(raised.value)
    assert "this Lago is older, upgrade it to v1.26 or newer" in str(raised.value)


def test_a_schema_that_does_not_exist_is_named(lago_database: str) -> None:
    with pytest.raises(TidemillError, match="there is no schema billing in database"):
        check(lago_database, schema="billing")


def test_tables_in_another_schema_are_found(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        create_schema(session, schema="lago", indexes=False)

    assert check(database, schema="lago") == "newer than v1.51"


def test_a_missing_grant_on_the_schema_is_named(lago_database: str, reader: str) -> None:
    change = f"revoke all on schema public from public; set local role {reader}"

    with pytest.raises(TidemillError, match=f"`grant usage on schema public to {reader}`"):
        check(lago_database, change=change)


def test_a_missing_grant_on_a_table_is_named_with_the_statement(
    lago_database: str, reader: str
) -> None:
    grants = ", ".join(
        f"public.{table}"
        for table in [*lago.REQUIRED, *lago.OPTIONAL_TABLES]
        if table not in ("charges", "billing_entities")
    )
    change = f"grant select on {grants} to {reader}; set local role {reader}"

    with pytest.raises(TidemillError) as raised:
        check(lago_database, change=change)

    # Columns, since a table may hold more than is anybody's business.
    assert str(raised.value) == (
        f"user {reader} may not read public.billing_entities (id, timezone), public.charges (id, "
        f"billable_metric_id): `grant select (id, timezone) on public.billing_entities to {reader};"
        f" grant select (id, billable_metric_id) on public.charges to {reader}`, or let the owner "
        f"of the tables run `tidemill init --role {reader} --apply` (again)."
    )


def test_many_missing_grants_are_one_sentence(lago_database: str, reader: str) -> None:
    with pytest.raises(TidemillError) as raised:
        check(lago_database, change=f"set local role {reader}")

    more = len(lago.REQUIRED) + len(lago.OPTIONAL_TABLES) - 3
    assert str(raised.value) == (
        f"user {reader} may not read public.billing_entities, public.customers, "
        f"public.customer_metadata and {more} more tables: let the owner of the tables run "
        f"`tidemill init --role {reader} --apply` (again)."
    )


def test_grants_on_the_listed_columns_alone_are_enough(lago_database: str, reader: str) -> None:
    assert check(lago_database, change=f"{column_grants(reader)}; set local role {reader}")


def test_a_missing_grant_on_a_column_is_named_with_the_statement(
    lago_database: str, reader: str
) -> None:
    change = (
        f"{column_grants(reader)}; revoke select (country) on public.customers from {reader}; "
        f"set local role {reader}"
    )

    with pytest.raises(TidemillError) as raised:
        check(lago_database, change=change)

    assert f"`grant select (country) on public.customers to {reader}`" in str(raised.value)


def column_grants(role: str) -> str:
    wanted = {
        table: (*columns, *lago.OPTIONAL_COLUMNS.get(table, ()))
        for table, columns in {**lago.REQUIRED, **lago.OPTIONAL_TABLES}.items()
    }
    return "; ".join(
        f"grant select ({', '.join(columns)}) on public.{table} to {role}"
        for table, columns in wanted.items()
    )


def test_a_role_that_cannot_create_schemas_is_told_the_grant(database: str, reader: str) -> None:
    name = conninfo_to_dict(database)["dbname"]
    with (
        connect(
            resolve(ConnectionOptions(dsn=f"{database} user={reader}"), {}), "tests"
        ) as session,
        pytest.raises(TidemillError, match=f"`grant create on database {name} to {reader}`"),
    ):
        check_writable(session, ["tidemill"])


def test_a_facade_that_belongs_to_another_role_is_told_the_grant(
    database: str, reader: str
) -> None:
    name = conninfo_to_dict(database)["dbname"]
    with psycopg.connect(database, autocommit=True) as session:
        session.execute(f"grant create on database {name} to {reader}")
        session.execute("create schema tidemill")

    with (
        connect(
            resolve(ConnectionOptions(dsn=f"{database} user={reader}"), {}), "tests"
        ) as session,
        pytest.raises(TidemillError, match=f"`grant usage, create on .* tidemill to {reader}`"),
    ):
        check_writable(session, ["tidemill"])


@pytest.mark.parametrize(
    ("granted", "sentence"),
    [
        ("", "`grant usage on schema tidemill_inputs to {reader}; grant select on all tables"),
        (
            "grant usage on schema tidemill_inputs to {reader}",
            "may not read tidemill_inputs.fx_rates: `grant select on tidemill_inputs.fx_rates to",
        ),
        (
            "grant usage on schema tidemill_inputs to {reader}; "
            "grant select on tidemill_inputs.fx_rates to {reader}",
            "may not create tidemill_inputs.spend, which is missing: `grant create on schema",
        ),
    ],
)
def test_inputs_that_somebody_else_made_must_be_readable(
    database: str, reader: str, granted: str, sentence: str
) -> None:
    with open_session(database) as session:
        check_inputs(session, "tidemill_inputs")  # nothing is there: the run makes them
        session.execute("create schema tidemill_inputs")
        session.execute("create table tidemill_inputs.fx_rates (rate numeric)")
        session.execute(granted.format(reader=reader) or "select")
        session.execute(f"set role {reader}")

        with pytest.raises(TidemillError, match=re.escape(sentence.format(reader=reader))):
            check_inputs(session, "tidemill_inputs")


def test_a_table_where_a_view_belongs_is_refused_before_the_build(database: str) -> None:
    with open_session(database) as session:
        session.execute("create schema tidemill; create table tidemill.metric_mrr (mrr numeric)")

        with pytest.raises(TidemillError, match=r"tidemill\.metric_mrr is a table"):
            check_facade(session, "tidemill")


def test_run_refuses_a_database_that_is_not_lagos_and_builds_nothing(
    tidemill: Tidemill, database: str
) -> None:
    result = tidemill("run", "--dsn", database)

    assert result.exit_code == 2
    assert "there is no table subscriptions in schema public of database" in result.stderr
    with psycopg.connect(database) as session:
        row = session.execute("select to_regnamespace('tidemill')").fetchone()
    assert row == (None,)


def test_the_columns_checked_are_the_columns_that_the_models_read() -> None:
    document = yaml.safe_load(
        (ROOT / "models/sources/lago/_lago__sources.yml").read_text(encoding="utf-8")
    )
    declared = {
        table["name"]: {column["name"] for column in table.get("columns", [])}
        for source in document["sources"]
        for table in source["tables"]
        if source["name"] == "lago"
    }
    checked = {
        table: {*columns, *lago.OPTIONAL_COLUMNS.get(table, ())}
        for table, columns in {**lago.REQUIRED, **lago.OPTIONAL_TABLES}.items()
    }

    assert declared == checked


def test_the_columns_checked_exist_in_lago() -> None:
    with (ROOT / "tidemill_cli/demo/lago/columns.csv").open(encoding="utf-8") as file:
        existing = {(row["table"], row["column"]) for row in csv.DictReader(file)}

    wanted = {
        (table, column)
        for listed in (lago.REQUIRED, lago.OPTIONAL_TABLES, lago.OPTIONAL_COLUMNS)
        for table, columns in listed.items()
        for column in columns
    }
    assert wanted - existing == set()
