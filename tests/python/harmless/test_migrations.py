"""What an engine's migrations do to its tables goes through at once, with Tidemill beside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import Diagnostic

from project import ROOT
from tidemill_cli.stripe_requirements import BESIDE_PAYLOAD, PAYLOAD

from .conftest import Installed
from .landings import LANDINGS, Landing, Session

METRICS = {path.stem for path in (ROOT / "models" / "metrics").glob("metric_*.sql")}
OF_LATER_ENGINES = {PAYLOAD, *BESIDE_PAYLOAD}
# Every engine in one database, built twice, takes its time.
pytestmark = pytest.mark.slow

SCHEMAS = [landing.schema for landing in LANDINGS]
# Long enough for a table of a few rows on a busy machine; a lock of ours would last longer.
AT_ONCE = "set lock_timeout = '1s'; set statement_timeout = '10s'"

OF_TABLES = {
    "drop": "drop table {table}",
    "rename": "alter table {table} rename to renamed_by_a_migration",
    "truncate": "truncate {table}",
    "add column": "alter table {table} add column added_by_a_migration int not null default 0",
}
OF_COLUMNS = {
    "drop": "alter table {table} drop column {column}",
    "rename": "alter table {table} rename column {column} to renamed_by_a_migration",
    # What another key refers to may only become what it is.
    "alter type": "alter table {table} alter {column} type {type} using {column}::{type}",
    "alter type to text": "alter table {table} alter {column} type text using {column}::text",
    # An array or an object of JSON has no order, but can be hashed.
    "create index": "create index on {table} using hash ({column})",
}

# Why an engine may not do it without Tidemill either: columns and indexes made of this one.
OWN_REASONS = {"0A000", "2BP01", "42611", "42804", "42883"}

# Whatever depends on a relation of an engine, but for its own parts (a toast table, a row type).
DEPENDENTS = """
select described.type, described.identity, pg_depend.refobjid::regclass::text
from pg_depend
inner join pg_class on pg_depend.refobjid = pg_class.oid
cross join lateral
    pg_identify_object(pg_depend.classid, pg_depend.objid, pg_depend.objsubid) as described
where
    pg_depend.refclassid = 'pg_class'::regclass
    and pg_class.relnamespace = any(%s::regnamespace[])
"""
# What a table can be told to do by itself.
HABITS = """
select
    pg_class.relname, pg_class.relhasrules, pg_class.relhastriggers, pg_class.relrowsecurity,
    pg_class.relreplident, pg_class.reloptions, pg_class.relpersistence
from pg_class
where pg_class.relnamespace = any(%s::regnamespace[])
"""
OF_THE_WHOLE_DATABASE = """
select evtname::text from pg_event_trigger
union all select pubname from pg_publication
union all select subname from pg_subscription
union all select slot_name from pg_replication_slots where database = current_database()
union all select gid from pg_prepared_xacts where database = current_database()
"""
HELD = """
select pg_stat_activity.application_name, pg_locks.relation::regclass, pg_locks.mode
from pg_locks
inner join pg_stat_activity on pg_locks.pid = pg_stat_activity.pid
inner join pg_class on pg_locks.relation = pg_class.oid
where
    pg_stat_activity.backend_type = 'client backend'
    and pg_class.relnamespace = any(%s::regnamespace[])
    and pg_locks.database = (select oid from pg_database where datname = current_database())
"""

Statements = list[tuple[str, sql.Composed]]


def migrations(session: Session, landing: Landing) -> Statements:
    """Every kind of migration, of every table and column that is read."""
    found: Statements = []
    for table, columns in sorted(landing.read(session).items()):
        relation = sql.Identifier(landing.schema, table)
        for kind, text in OF_TABLES.items():
            found.append((f"{kind} {table}", sql.SQL(text).format(table=relation)))  # type: ignore[arg-type]
        for column in sorted(columns):
            type_ = type_of(session, landing, table, column)
            for kind, text in OF_COLUMNS.items():
                statement = sql.SQL(text).format(  # type: ignore[arg-type]
                    table=relation, column=sql.Identifier(column), type=sql.SQL(type_)
                )
                found.append((f"{kind} {table}.{column}", statement))
    return found


def type_of(session: Session, landing: Landing, table: str, column: str) -> Any:  # noqa: ANN401 - text
    row = session.execute(
        "select format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = format('%%I.%%I', %s::text, %s::text)::regclass and attname = %s",
        (landing.schema, table, column),
    ).fetchone()
    assert row
    return row[0]


@contextmanager
def migrating(dsn: str) -> Iterator[Session]:
    """A session of the engine, which waits for nobody."""
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute(AT_ONCE)
        yield session


def outcome(session: Session, statement: sql.Composed) -> tuple[str, ...]:
    """What comes of a migration: nothing but its doing, or why not, and what goes with it."""
    told: list[str] = []

    def listen(message: Diagnostic) -> None:
        told.append(f"{message.message_primary} {message.message_detail}")

    session.add_notice_handler(listen)
    try:
        with session.transaction(force_rollback=True):
            session.execute(statement)
    except psycopg.Error as problem:
        told.append(f"{problem.sqlstate} {problem}")
    finally:
        session.remove_notice_handler(listen)
    return tuple(told)


def with_all_that_depends(statement: sql.Composed) -> sql.Composed:
    return statement + sql.SQL(" cascade")


def hindered(installed: Installed, landing: Landing) -> list[str]:
    """Migrations that come out otherwise than without Tidemill."""
    wrong = []
    with migrating(installed.owner) as here, migrating(installed.bare) as there:
        for name, statement in migrations(there, landing):
            came_of_it = outcome(here, statement)
            if came_of_it and (
                came_of_it != outcome(there, statement) or came_of_it[-1][:5] not in OWN_REASONS
            ):
                wrong.append(f"{name}: {came_of_it}")
            elif came_of_it and name.startswith(("drop", "truncate")):
                all_of_it = with_all_that_depends(statement)
                if outcome(here, all_of_it) != outcome(there, all_of_it):
                    wrong.append(f"{name} with all that depends on it")
    return wrong


EACH_LANDING = pytest.mark.parametrize("landing", LANDINGS, ids=lambda one: one.schema)


@EACH_LANDING
def test_what_is_migrated_is_what_the_sources_name(installed: Installed, landing: Landing) -> None:
    declared, optional = landing.declared()
    with psycopg.connect(installed.owner) as session:
        read = landing.read(session)
        granted = session.execute(
            "select distinct table_name::text, column_name::text"
            " from information_schema.column_privileges"
            " where grantee = %s and table_schema = %s and column_name not in ('ctid', 'xmin')",
            (psycopg.conninfo.conninfo_to_dict(installed.builder)["user"], landing.schema),
        ).fetchall()
        there = len(migrations(session, landing))
    assert declared.keys() - read.keys() <= optional
    missing = {f"{table}.{name}" for table in read for name in declared[table] - read[table]}
    if landing.engine != "stripe":
        assert missing <= optional
    elif landing.generation == "classic":
        # Which it never had.
        assert {name for name in missing if name.split(".")[1] not in OF_LATER_ENGINES} == {
            "subscriptions.currency"
        }
    # Catalogs are read through a function.
    through_a_function = {("tenant_kvs", name) for name in read.get("tenant_kvs", ())}
    everything = {(table, name) for table, names in read.items() for name in names}
    assert set(granted) == everything - through_a_function
    assert there == len(OF_TABLES) * len(read) + len(OF_COLUMNS) * len(everything)


@EACH_LANDING
def test_every_migration_goes_through(installed: Installed, landing: Landing) -> None:
    assert hindered(installed, landing) == []


def test_every_migration_goes_through_while_all_metrics_are_read(installed: Installed) -> None:
    with psycopg.connect(installed.reader) as reader, psycopg.connect(installed.owner) as plain:
        seen = read_all(reader, "tidemill") + read_all(plain, "plain_%")
        # Those of the run, and those of dbt alone.
        assert len(seen) == 2 * len(METRICS)
        assert {name for _, name in seen} == METRICS

        for landing in LANDINGS:
            assert hindered(installed, landing) == []

        for session in (reader, plain):
            assert session.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS


def read_all(session: Session, schemas: str) -> list[tuple[str, str]]:
    """Read every metric to its end, and keep the transaction open."""
    views = session.execute(
        "select schemaname::text, viewname::text from pg_views"
        " where schemaname like %s and starts_with(viewname, 'metric_')",
        (schemas,),
    ).fetchall()
    for schema, name in views:
        session.execute(sql.SQL("select * from {}").format(sql.Identifier(schema, name)))
    return views


def test_the_catalog_knows_of_nothing_that_depends_on_a_billing_table(installed: Installed) -> None:
    with psycopg.connect(installed.owner) as here, psycopg.connect(installed.bare) as there:
        for query in (DEPENDENTS, HABITS):
            with_tidemill, without = (
                set(session.execute(query, (SCHEMAS,))) for session in (here, there)
            )
            assert without
            assert with_tidemill == without
        assert here.execute(OF_THE_WHOLE_DATABASE).fetchall() == []
        # The query finds what it looks for.
        here.execute("create view tidemill.forbidden as select id from public.fees")
        found = {(kind, table) for kind, _, table in here.execute(DEPENDENTS, (SCHEMAS,))}
        here.rollback()
    assert ("rule", "fees") in found


def test_nothing_is_held_when_tidemill_is_idle(installed: Installed) -> None:
    with psycopg.connect(installed.owner) as session:
        sessions = session.execute(
            "select application_name from pg_stat_activity"
            " where datname = current_database() and starts_with(application_name, 'tidemill')"
        ).fetchall()
        assert sessions == []
        assert session.execute(HELD, (SCHEMAS,)).fetchall() == []
        advisory = "select from pg_locks where locktype = 'advisory'"
        assert session.execute(advisory).fetchall() == []


def test_history_was_captured(installed: Installed) -> None:
    """What is idle here is all of Tidemill, with what lasts between runs."""
    with psycopg.connect(installed.owner) as session:
        for name in ("lago_plans_history", "stripe_subscriptions_history", "source_sizes"):
            row = session.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier("tidemill_history", name))
            ).fetchone()
            assert row
            assert row[0] > 0, name
