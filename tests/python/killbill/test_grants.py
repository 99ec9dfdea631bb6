"""A role with the grants that docs/sources/killbill.md names builds all, and reads no secret."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from plain_dbt.in_process import UNTESTED, InProcess
from project import ROOT
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.killbill_catalogs import parse_catalogs
from tidemill_cli.database.session import connect
from tidemill_cli.demo.killbill.load import load
from tidemill_cli.demo.killbill.schema import create_schema
from tidemill_cli.errors import TidemillError
from tidemill_cli.killbill_requirements import CATALOGS, OPTIONAL_COLUMNS, REQUIRED
from tidemill_cli.preflight import check_killbill

from .world import World, at

BLOCKS = re.findall(
    r"^```sql\n(.*?)^```", (ROOT / "docs/sources/killbill.md").read_text(), re.MULTILINE | re.DOTALL
)
ROLE, FUNCTION = (
    next(block for block in BLOCKS if block.startswith(first))
    for first in ("create role", "create schema")
)
SECRET = "apiKey=sk_live_not_for_reports"
SURFACE = ("customers", "subscription_intervals", "trials", "invoice_lines", "data_issues")


class Granted(NamedTuple):
    """A database, and the connections of its owner and of the role."""

    owner: str
    role: str


def for_role(script: str, role: str, database: str) -> str:
    """The script of the page for a role and database of the test."""
    script = re.sub(r"create role tidemill login password '[^']*'", f"create role {role}", script)
    script = re.sub(r"on database \w+", f"on database {database}", script)
    return re.sub(r"to tidemill;", f"to {role};", script)


@pytest.fixture(scope="module")
def owned(new_database: Callable[[], str]) -> str:
    """The DSN of a database with a history and a plugin's credentials."""
    world = World()
    world.kb.secret(world.acme, "killbill-stripe", SECRET)
    world.kb.subscribe(world.account(), "basic", at("01-10"))
    dsn = new_database()
    with psycopg.connect(dsn) as connection:
        create_schema(connection)
        load(connection, world.rows())
    return dsn


@pytest.fixture(scope="module")
def granted(owned: str) -> Granted:
    role = f"tidemill_{secrets.token_hex(4)}"
    with psycopg.connect(owned, autocommit=True) as connection:
        for script in (ROLE, FUNCTION):
            connection.execute(for_role(script, role, connection.info.dbname))  # type: ignore[arg-type]
        connection.execute(sql.SQL("alter role {} login").format(sql.Identifier(role)))
    return Granted(owned, make_conninfo(owned, user=role))


def test_the_page_grants_the_columns_that_are_read_and_no_others() -> None:
    found = {
        table: {name.strip() for name in columns.split(",")}
        for columns, table in re.findall(r"grant select \(([^)]*)\) on public\.(\w+)", ROLE)
    }
    # What only 0.22 has stands beside, in a comment.
    wanted = {
        table: {*columns, *OPTIONAL_COLUMNS.get(table, ())} - {"success"}
        for table, columns in REQUIRED.items()
        if table != CATALOGS
    }
    assert found == wanted
    assert "-- 0.22: success, not status" in ROLE
    assert tables_whose_changes_are_found() == sorted(wanted)


def tables_whose_changes_are_found() -> list[str]:
    listed = re.search(r"grant select \(xmin, ctid\) on([^;]*) to tidemill;", ROLE)
    assert listed
    return sorted(re.findall(r"public\.(\w+)", listed[1]))


def test_the_grants_of_the_page_are_enough(granted: Granted, tmp_path: Path) -> None:
    with connect(resolve(ConnectionOptions(dsn=granted.role), {}), "tests") as session:
        assert check_killbill(session, "public") == "0.24 or newer"
        assert parse_catalogs(session, "tidemill_parsed", "public") == 1
    InProcess(granted.role, tmp_path).build(
        *UNTESTED,
        *("--select", *(f"+killbill__{relation}" for relation in SURFACE)),
        variables={
            "tidemill_as_of": "2024-06-15T00:00:00Z",
            "tidemill_billing_sources": ["killbill"],
        },
    )
    with psycopg.connect(granted.role) as connection:
        for table in tables_whose_changes_are_found():
            connection.execute(f"select xmin, ctid from {table}")  # type: ignore[arg-type]
        # The amount is the catalog's, which came through the function.
        told = connection.execute(
            "select plan, amount, history_source"
            " from tidemill_core.killbill__subscription_intervals"
        ).fetchall()
    assert told == [("basic", 50, "events")]


@pytest.mark.parametrize(
    "query",
    [
        "select api_secret from tenants",
        "select api_salt from tenants",
        "select api_key from tenants",
        "select * from tenants",
        "select tenant_value from tenant_kvs",
        "select tenant_value from tenant_kvs where tenant_key = 'CATALOG'",
        "select count(*) from tenant_kvs",
        "select xmin, ctid from tenant_kvs",
        "select email from accounts",
        "select id from payment_methods",
    ],
)
def test_the_role_reads_no_secret(granted: Granted, query: str) -> None:
    with psycopg.connect(granted.owner) as connection:
        connection.execute(query)  # type: ignore[arg-type]
    with (
        psycopg.connect(granted.role) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(query)  # type: ignore[arg-type]


def test_the_function_returns_catalogs_alone(granted: Granted) -> None:
    with psycopg.connect(granted.owner) as connection:
        kept = connection.execute("select tenant_key from tenant_kvs order by 1").fetchall()
    assert kept == [("CATALOG",), ("PLUGIN_CONFIG_killbill-stripe",)]
    with psycopg.connect(granted.role) as connection:
        rows = connection.execute("select * from tidemill_killbill.catalogs()").fetchall()
    assert len(rows) == 1
    assert SECRET not in repr(rows)
    # Nobody else may call it.
    role = f"other_{secrets.token_hex(4)}"
    with psycopg.connect(granted.owner) as connection:
        connection.execute(f"create role {role}")
        connection.execute(f"grant usage on schema tidemill_killbill to {role}")
        connection.execute(f"set local role {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from tidemill_killbill.catalogs()")
        connection.rollback()


def test_the_function_does_not_stand_in_a_migrations_way(granted: Granted) -> None:
    with psycopg.connect(granted.owner) as connection:
        connection.execute("alter table tenant_kvs alter column tenant_value type varchar(100000)")
        connection.execute("alter table tenant_kvs drop column created_by")
        connection.execute("drop table tenant_kvs")
        connection.rollback()


def test_without_the_function_nothing_is_built(granted: Granted) -> None:
    with (
        psycopg.connect(granted.owner) as owner,
        connect(resolve(ConnectionOptions(dsn=granted.role), {}), "tests") as session,
    ):
        role = session.info.user
        owner.execute(f"revoke execute on function tidemill_killbill.catalogs() from {role}")  # type: ignore[arg-type]
        owner.commit()
        try:
            with pytest.raises(TidemillError, match=r"tidemill_killbill\.catalogs\(\)") as raised:
                check_killbill(session, "public")
            # A grant on the table is not what is asked for.
            assert "grant select" not in str(raised.value)
        finally:
            owner.execute(f"grant execute on function tidemill_killbill.catalogs() to {role}")  # type: ignore[arg-type]
            owner.commit()
