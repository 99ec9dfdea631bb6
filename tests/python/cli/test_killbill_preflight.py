"""What is wrong with a Kill Bill, or the grants on it, is said before anything is built."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from cli.conftest import Tidemill
from tidemill_cli import killbill_requirements as killbill
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.session import connect
from tidemill_cli.demo.killbill.schema import RELEASES, columns_at, create_schema
from tidemill_cli.errors import TidemillError
from tidemill_cli.preflight import check_killbill

NAMES = {"0.22": "0.22", "0.24": "0.24 or newer"}


@pytest.fixture(scope="module")
def databases(new_database: Callable[[], str]) -> dict[str, str]:
    """A database per release, for tests that change nothing in it."""
    made: dict[str, str] = {}
    for release in RELEASES:
        made[release] = new_database()
        with psycopg.connect(made[release], autocommit=True) as session:
            create_schema(session, release=release)
    return made


def check(dsn: str, schema: str = "public", change: str = "") -> str:
    """Check a database after a change that is rolled back."""
    with connect(resolve(ConnectionOptions(dsn=dsn), {}), "tests") as session:
        session.execute("begin")
        if change:
            session.execute(change)
        try:
            return check_killbill(session, schema)
        finally:
            session.execute("rollback")


@pytest.mark.parametrize("release", RELEASES)
def test_the_release_is_named(databases: dict[str, str], release: str) -> None:
    assert check(databases[release]) == NAMES[release]


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            "drop table subscription_events",
            ["no table subscription_events in schema public", "(--killbill-schema)"],
        ),
        ("drop schema public cascade", ["no schema public in database", "(--killbill-schema)"]),
        ("drop table invoice_parent_children", ["table invoice_parent_children is missing"]),
        (
            "alter table invoice_items drop column linked_item_id",
            ["column invoice_items.linked_item_id is missing", "0.22 and 0.24 to 0.25 have"],
        ),
        (
            "alter table invoice_payments drop column status",
            ["what tells a payment that went through is missing"],
        ),
    ],
)
def test_what_is_missing_is_named(
    databases: dict[str, str], change: str, sentences: list[str]
) -> None:
    with pytest.raises(TidemillError) as raised:
        check(databases["0.24"], change=change)
    for sentence in sentences:
        assert sentence in str(raised.value)


def test_another_schema_will_do(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        create_schema(session, schema="killbillschema")
    assert check(database, schema="killbillschema") == "0.24 or newer"


def test_a_missing_grant_is_named_with_the_statement(
    databases: dict[str, str], reader: str
) -> None:
    with pytest.raises(TidemillError, match=f"`grant usage on schema public to {reader}`"):
        check(
            databases["0.24"],
            change=f"revoke usage on schema public from public; set local role {reader}",
        )
    change = (
        f"grant usage on schema public to {reader}; grant select on all tables in schema public to"
        f" {reader}; revoke select on public.tags from {reader}; set local role {reader}"
    )
    with pytest.raises(TidemillError) as raised:
        check(databases["0.24"], change=change)
    columns = "tag_definition_id, object_id, object_type, is_active, tenant_record_id"
    assert str(raised.value) == (
        f"user {reader} may not read public.tags ({columns}): `grant select ({columns}) on "
        f"public.tags to {reader}`, or let the owner of the tables run "
        f"`tidemill init --role {reader} --apply` (again)."
    )


def test_every_column_that_is_read_is_one_of_the_release() -> None:
    for release in RELEASES:
        known = {
            table: {column.name for column in columns}
            for table, columns in columns_at(release).items()
        }
        for table, columns in killbill.REQUIRED.items():
            assert set(columns) <= known[table], f"{release}: {table}"
        found = {
            f"{table}.{column}"
            for table, columns in killbill.OPTIONAL_COLUMNS.items()
            for column in columns
            if column in known[table]
        }
        assert (
            found
            == {
                "0.22": {"invoice_payments.success"},
                "0.24": {"subscription_events.quantity", "invoice_payments.status"},
            }[release]
        )


def test_doctor_names_the_release_and_the_schema(tidemill: Tidemill, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        create_schema(session, schema="billing")
        session.execute(sql.SQL("create schema other"))
    words = ("doctor", "--dsn", database, "--vars", "tidemill_billing_sources=[killbill]")

    ready = tidemill(*words, "--vars", "tidemill_killbill_schema=billing")
    assert ready.exit_code == 0, ready.output
    assert "Kill Bill 0.24 or newer in schema billing." in ready.stdout.splitlines()

    unready = tidemill(*words, "--vars", "tidemill_killbill_schema=other")
    assert unready.exit_code == 2
    assert "Problem: there is no table subscription_events in schema other" in unready.stdout


def test_run_says_what_is_missing_and_builds_nothing(tidemill: Tidemill, database: str) -> None:
    words = ("run", "--dsn", database, "--vars", "tidemill_billing_sources=[killbill]")
    result = tidemill(*words, "--killbill-schema", "billing")

    assert result.exit_code == 2
    assert "there is no schema billing in database" in result.stderr
    with psycopg.connect(database) as session:
        assert session.execute("select to_regnamespace('tidemill')").fetchone() == (None,)
