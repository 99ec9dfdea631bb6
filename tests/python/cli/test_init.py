"""The roles that `tidemill init` makes: one builds, one reads metrics, and neither does more."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cli.conftest import Tidemill
from project import ROOT
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.definitions import check_may_store
from tidemill_cli.database.session import connect
from tidemill_cli.demo.killbill import schema as killbill
from tidemill_cli.demo.lago.load import generate_and_load
from tidemill_cli.demo.lago.schema import create_schema as create_lago
from tidemill_cli.demo.stripe import schema as stripe
from tidemill_cli.demo.stripe.schema import GENERATIONS
from tidemill_cli.killbill_requirements import CATALOGS
from tidemill_cli.killbill_requirements import REQUIRED as REQUIRED_OF_KILLBILL
from tidemill_cli.lago_requirements import OPTIONAL_TABLES
from tidemill_cli.lago_requirements import REQUIRED as REQUIRED_OF_LAGO
from tidemill_cli.preflight import check_inputs, check_killbill, check_lago, check_stripe
from tidemill_cli.stripe_requirements import EVENTS
from tidemill_cli.stripe_requirements import REQUIRED as REQUIRED_OF_STRIPE

END = datetime(2026, 1, 1, tzinfo=UTC)
ENGINES = "tidemill_billing_sources=[lago,stripe,killbill]"
GRANT = re.compile(r'^grant select \(([^)]*)\) on "(\w+)"\."(\w+)"', re.MULTILINE)


class Roles(NamedTuple):
    """Names that no other test has: roles are of the whole server."""

    builder: str
    reader: str

    @property
    def words(self) -> tuple[str, ...]:
        return ("--role", self.builder, "--reader", self.reader)


@pytest.fixture
def roles() -> Roles:
    suffix = secrets.token_hex(4)
    return Roles(f"builder_{suffix}", f"reader_{suffix}")


@pytest.fixture
def billing(database: str) -> str:
    """All three engines in one database; Lago's tables are filled."""
    with psycopg.connect(database) as session:
        generate_and_load(session, 40, 1, END, years=2)
    with psycopg.connect(database, autocommit=True) as session:
        killbill.create_schema(session, "killbill")
        stripe.create_schema(session, generation="v1")
        stripe.create_events_table(session)
    return database


def as_role(dsn: str, role: str) -> str:
    return make_conninfo(dsn, user=role)


def refused(dsn: str, statement: str) -> bool:
    """Whether a role may not do that; it must be something that can be done."""
    with psycopg.connect(dsn) as session:
        try:
            session.execute(statement)  # type: ignore[arg-type]
        except psycopg.errors.InsufficientPrivilege:
            return True
        finally:
            session.rollback()
    return False


def granted_tables(script: str) -> dict[str, set[str]]:
    """The tables that columns are granted of, by schema; no column of any is granted twice."""
    tables: dict[str, set[str]] = {}
    for columns, schema, table in GRANT.findall(script):
        names = columns.split(", ")
        assert len(names) == len(set(names)), table
        assert table not in tables.setdefault(schema, set())
        tables[schema].add(table)
    return tables


def may_find_changes(dsn: str, tables: dict[str, set[str]]) -> bool:
    """Whether a role may look at what tells the changed rows of each table."""
    with psycopg.connect(dsn) as session:
        for schema, names in tables.items():
            for name in names:
                session.execute(
                    sql.SQL("select xmin, ctid from {}").format(sql.Identifier(schema, name))
                )
    return True


def test_what_is_printed_is_what_is_applied(tidemill: Tidemill, billing: str, roles: Roles) -> None:
    words = ("--dsn", billing, *roles.words, "--vars", ENGINES, "--killbill-schema", "killbill")

    script = tidemill("init", *words).stdout

    with psycopg.connect(billing, autocommit=True) as session:
        session.execute(script.replace("commit;", "rollback;"))  # type: ignore[arg-type]
        made = "select count(*) from pg_roles where rolname = any(%s)"
        assert session.execute(made, (list(roles),)).fetchone() == (0,)
        session.execute(script)  # type: ignore[arg-type]
        assert session.execute(made, (list(roles),)).fetchone() == (2,)
    assert "password" not in script.lower()
    assert "email" not in script
    assert "hmac_key" not in script
    # What is there already is not made again; grants may be given twice.
    again = tidemill("init", *words)
    assert not re.search("^create", again.stdout, re.MULTILINE)
    assert tidemill("init", *words, "--apply").exit_code == 0


def test_the_builder_may_read_all_engines_and_no_secret_of_theirs(
    tidemill: Tidemill, billing: str, roles: Roles
) -> None:
    words = ("--dsn", billing, *roles.words, "--vars", ENGINES, "--killbill-schema", "killbill")
    assert tidemill("init", *words, "--apply").exit_code == 0
    builder = as_role(billing, roles.builder)

    with connect(resolve(ConnectionOptions(dsn=builder), {}), "tests") as session:
        assert check_lago(session, "public")
        assert check_stripe(session, "stripe").startswith("v1")
        assert check_killbill(session, "killbill") == "0.24 or newer"
    for statement in (
        "select hmac_key from public.organizations",
        "select email from public.customers",
        "select api_secret from killbill.tenants",
        "select tenant_value from killbill.tenant_kvs",
        "select email from killbill.accounts",
        "update public.customers set name = name",
        "delete from stripe.invoices",
        "create table public.mine (n int)",
        "create index on public.fees (id)",
    ):
        assert refused(builder, statement), statement
        assert not refused(billing, statement), statement


def test_the_builder_finds_the_changed_rows_of_every_table(
    tidemill: Tidemill, billing: str, roles: Roles
) -> None:
    words = ("--dsn", billing, *roles.words, "--vars", ENGINES, "--killbill-schema", "killbill")
    tables = granted_tables(tidemill("init", *words).stdout)
    # Catalogs are read through a function.
    assert tables["killbill"] == REQUIRED_OF_KILLBILL.keys() - {CATALOGS}
    assert tables["public"] == {*REQUIRED_OF_LAGO, *OPTIONAL_TABLES}
    assert tables["stripe"] >= {*REQUIRED_OF_STRIPE, EVENTS}

    assert tidemill("init", *words, "--apply").exit_code == 0

    builder = as_role(billing, roles.builder)
    for schema, names in tables.items():
        assert may_find_changes(builder, {schema: names})
    assert refused(builder, "select xmin, ctid from killbill.tenant_kvs")


def test_a_view_in_the_place_of_a_table_has_no_rows_of_its_own(
    tidemill: Tidemill, database: str, roles: Roles
) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        create_lago(session)
        session.execute(
            "create schema lago; create view lago.plans as select * from public.plans;"
            "create view lago.subscriptions as select * from public.subscriptions"
        )

    words = ("--dsn", database, *roles.words, "--lago-schema", "lago", "--apply")
    assert tidemill("init", *words).exit_code == 0


def test_the_builder_builds_and_the_reader_reads_metrics_and_nothing_else(
    tidemill: Tidemill, billing: str, roles: Roles
) -> None:
    assert tidemill("init", "--dsn", billing, *roles.words, "--apply").exit_code == 0
    builder, reader = as_role(billing, roles.builder), as_role(billing, roles.reader)
    with psycopg.connect(billing, autocommit=True) as session:
        session.execute(sql.SQL("alter role {} login").format(sql.Identifier(roles.reader)))

    result = tidemill("run", "--dsn", builder)

    assert result.exit_code == 0, result.stderr
    build = re.search(r"Building (\w+) with dbt", result.stderr)
    assert build
    looked_up = tidemill("mrr", "--dsn", reader)
    assert looked_up.exit_code == 0, looked_up.stderr
    assert looked_up.stdout == tidemill("mrr", "--dsn", builder).stdout
    for statement in (
        "select id from public.customers",
        f"select mrr from {build[1]}.metric_mrr",
        f"select name from {build[1]}.lago__customers",
        "select * from tidemill.tidemill_builds",
        "select * from tidemill_inputs.spend",
        "select * from tidemill_inputs.definitions",
        "create table tidemill.mine (n int)",
        "drop view tidemill.metric_mrr",
    ):
        assert refused(reader, statement), statement
        assert not refused(billing, statement), statement


def test_the_builder_keeps_definitions_and_reads_inputs_that_the_owner_made_before(
    tidemill: Tidemill, billing: str, roles: Roles, tmp_path: Path
) -> None:
    (tmp_path / "rates.csv").write_text("date,currency,rate\n2026-01-01,USD,1.1\n")
    load = ("fx", "load", str(tmp_path / "rates.csv"), "--dsn", billing)
    assert tidemill(*load).exit_code == 0
    words = ("--dsn", billing, *roles.words)
    with psycopg.connect(billing, autocommit=True) as session:
        session.execute(tidemill("init", *words).stdout)  # type: ignore[arg-type]
        session.execute(sql.SQL("alter role {} login").format(sql.Identifier(roles.reader)))
    keeping = (
        "insert into tidemill_inputs.definitions values ('netting', 'month', now(), 'somebody')"
        " on conflict (option) do update set value = excluded.value",
        "delete from tidemill_inputs.definitions",
        "select * from tidemill_inputs.definitions",
    )

    builder = as_role(billing, roles.builder)
    with connect(resolve(ConnectionOptions(dsn=builder), {}), "tests") as session:
        check_inputs(session, "tidemill_inputs")
        check_may_store(session, "tidemill_inputs")
    for statement in keeping:
        assert not refused(builder, statement), statement
        assert refused(as_role(billing, roles.reader), statement), statement
    assert tidemill("init", *words, "--tenant", f"{roles.reader}=acme", "--apply").exit_code == 0


def test_a_reader_made_later_reads_all_that_is_published(
    tidemill: Tidemill, levels: str, roles: Roles
) -> None:
    with psycopg.connect(levels, autocommit=True) as session:
        create_lago(session)
        session.execute(
            "create schema tidemill; create table tidemill.tidemill_builds (build text);"
            "create view tidemill.metric_mrr as select mrr from public.levels;"
            "create view tidemill.data_issues as select 1 as one"
        )

    assert tidemill("init", "--dsn", levels, *roles.words, "--apply").exit_code == 0

    with psycopg.connect(levels, autocommit=True) as session:
        session.execute(sql.SQL("alter role {} login").format(sql.Identifier(roles.reader)))
    reader = as_role(levels, roles.reader)
    for name in ("metric_mrr", "data_issues"):
        assert not refused(reader, f"select * from tidemill.{name}"), name
    assert refused(reader, "select * from tidemill.tidemill_builds")


@pytest.mark.slow
def test_a_role_for_one_tenant_sees_that_one_from_the_first_run_on(
    tidemill: Tidemill, billing: str, roles: Roles
) -> None:
    with psycopg.connect(billing) as session:
        tenants = session.execute("select distinct organization_id::text from customers").fetchall()
    (own,), (other,) = tenants
    readers = [f"{name}_{secrets.token_hex(4)}" for name in ("own", "nobody")]
    words = ("--dsn", billing, *roles.words, "--tenant", f"{readers[0]}={own}")
    applied = tidemill("init", *words, "--tenant", f"{readers[1]}=stripe:{own}", "--apply")
    assert applied.exit_code == 0, applied.stderr
    for name in readers:
        with psycopg.connect(billing, autocommit=True) as session:
            session.execute(sql.SQL("alter role {} login").format(sql.Identifier(name)))

    result = tidemill("run", "--dsn", as_role(billing, roles.builder))

    assert result.exit_code == 0, result.stderr
    query = "select distinct tenant_id from tidemill.metric_churn order by 1"
    seen = []
    for name in readers:
        with psycopg.connect(as_role(billing, name)) as session:
            seen.append([tenant for (tenant,) in session.execute(query)])
    assert seen == [[own], []]
    with psycopg.connect(billing) as session:
        assert {tenant for (tenant,) in session.execute(query)} == {own, other, "all"}
    assert tidemill("init", *words, "--apply").exit_code == 0


@pytest.mark.parametrize("wrong", ["acme", "reader=", "reader=stripe:", "reader=:acme"])
def test_a_tenant_that_cannot_be_read_is_refused(
    tidemill: Tidemill, database: str, wrong: str
) -> None:
    result = tidemill("init", "--dsn", database, "--tenant", wrong)

    assert result.exit_code == 2
    assert f"--tenant {wrong} cannot be read: write it as acme_reader=acme." in result.stderr


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_grants_are_enough_for_every_generation_of_stripe(
    tidemill: Tidemill, database: str, roles: Roles, generation: str
) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        stripe.create_schema(session, generation=generation)  # type: ignore[arg-type]
        stripe.create_events_table(session)
    words = ("--dsn", database, *roles.words, "--vars", "tidemill_billing_sources=[stripe]")
    tables = granted_tables(tidemill("init", *words).stdout)
    assert tidemill("init", *words, "--apply").exit_code == 0

    builder = as_role(database, roles.builder)
    assert may_find_changes(builder, tables)
    with connect(resolve(ConnectionOptions(dsn=builder), {}), "tests") as session:
        assert check_stripe(session, "stripe")


def test_an_engine_that_is_not_there_is_one_sentence(
    tidemill: Tidemill, database: str, roles: Roles
) -> None:
    result = tidemill("init", "--dsn", database, *roles.words, "--apply")

    assert result.exit_code == 2
    assert "there are no tables of lago in schema public" in result.stderr
    assert "--lago-schema" in result.stderr
    with psycopg.connect(database) as session:
        found = session.execute("select from pg_roles where rolname = any(%s)", (list(roles),))
        assert not found.fetchall()


def test_who_may_not_grant_is_told_so_and_nothing_is_half_done(
    tidemill: Tidemill, billing: str, roles: Roles
) -> None:
    poor = f"poor_{secrets.token_hex(4)}"
    with psycopg.connect(billing, autocommit=True) as session:
        session.execute(sql.SQL("create role {} login").format(sql.Identifier(poor)))

    result = tidemill("init", "--dsn", as_role(billing, poor), *roles.words, "--apply")

    assert result.exit_code == 2
    assert f"user {poor} may not do that" in result.stderr
    with psycopg.connect(billing) as session:
        found = session.execute("select from pg_roles where rolname = any(%s)", (list(roles),))
        assert not found.fetchall()


def test_a_role_with_an_odd_name_is_refused(tidemill: Tidemill, database: str) -> None:
    result = tidemill("init", "--dsn", database, "--role", 'tide"; drop table x; --')

    assert result.exit_code == 2
    assert "take lower-case letters, digits and underscores" in result.stderr


def test_the_function_is_the_one_that_the_page_shows(
    tidemill: Tidemill, database: str, roles: Roles
) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        killbill.create_schema(session)
    words = ("--dsn", database, *roles.words, "--vars", "tidemill_billing_sources=[killbill]")
    script = tidemill("init", *words).stdout
    page = (ROOT / "docs/sources/killbill.md").read_text()
    shown = page[page.index("create function") : page.index("$$;") + 2]

    def plain(text: str) -> str:
        return " ".join(text.replace('"', "").split())

    assert plain(shown) in plain(script)
