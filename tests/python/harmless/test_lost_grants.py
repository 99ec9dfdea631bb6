"""A migration that makes a column or table anew takes the grants on it away, and a run says so."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.session import connect
from tidemill_cli.errors import TidemillError
from tidemill_cli.runner import source_checks

from .landings import LAGO, LANDINGS, Landing, Session, tidemill


class Granted(NamedTuple):
    """A landing that a role was granted what it reads of."""

    landing: Landing
    owner: str
    builder: str

    @property
    def role(self) -> str:
        return str(conninfo_to_dict(self.builder)["user"])

    def problem(self) -> str:
        """What a run or the doctor would say, in the landing as it is now."""
        settings = {"tidemill_billing_sources": [self.landing.engine], **self.landing.variables()}
        (check,) = source_checks(settings)
        with connect(resolve(ConnectionOptions(dsn=self.builder), {}), "tests") as session:
            try:
                check(session, settings)
            except TidemillError as error:
                return str(error)
        return ""


@pytest.fixture(scope="module", params=LANDINGS, ids=lambda one: one.schema)
def granted(
    request: pytest.FixtureRequest,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Granted:
    landing, owner = request.param, new_database()
    with psycopg.connect(owner) as session:
        landing.fill(session, 5)
    granted = Granted(landing, owner, make_conninfo(owner, user=f"tidemill_{secrets.token_hex(4)}"))
    grant_again(granted, tmp_path_factory.mktemp("init"))
    assert granted.problem() == ""
    return granted


def grant_again(granted: Granted, folder: Path) -> None:
    done = tidemill(
        folder,
        *("init", "--apply", "--dsn", granted.owner, "--role", granted.role),
        *("--reader", f"{granted.role}_reader", *granted.landing.words()),
        *("--vars", f"tidemill_billing_sources=[{granted.landing.engine}]"),
    )
    assert done.returncode == 0, done.stderr


def make_table_anew(session: Session, schema: str, table: str) -> None:
    """Fill a new table, and give it the name of the old one."""
    words = {"old": sql.Identifier(schema, table), "new": sql.Identifier(schema, "made_anew")}
    for text in (
        "create table {new} (like {old} including all)",
        "drop table {old} cascade",
        "alter table {new} rename to {name}",
    ):
        session.execute(sql.SQL(text).format(**words, name=sql.Identifier(table)))  # type: ignore[arg-type]


def make_column_anew(session: Session, schema: str, table: str, column: str) -> None:
    """Drop it, with what the engine makes of it, and add it again."""
    row = session.execute(
        "select format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = format('%%I.%%I', %s::text, %s::text)::regclass and attname = %s",
        (schema, table, column),
    ).fetchone()
    assert row
    words = {"table": sql.Identifier(schema, table), "column": sql.Identifier(column)}
    session.execute(sql.SQL("alter table {table} drop column {column} cascade").format(**words))
    session.execute(
        sql.SQL("alter table {table} add column {column} {type}").format(
            **words, type=sql.SQL(row[0])
        )
    )


def fix_of(problem: str) -> str:
    """The statement that a sentence names."""
    found = re.search("`(grant [^`]+)`", problem)
    assert found, problem
    return found[1]


def read_of(granted: Granted) -> dict[str, frozenset[str]]:
    with psycopg.connect(granted.owner) as session:
        return dict(granted.landing.read(session))


def changed(granted: Granted, change: Callable[[Session], Any]) -> str:
    """What is said after a change; the fix it names is all that it takes."""
    with psycopg.connect(granted.owner, autocommit=True) as session:
        change(session)
        problem = granted.problem()
        told = problem
        # Of rows that are parsed once, what tells their versions apart is granted beside.
        for _ in range(2):
            if told:
                session.execute(fix_of(told))  # type: ignore[arg-type]
                told = granted.problem()
    assert told == ""
    return problem


def test_a_table_that_was_made_anew_is_named_with_the_grants_on_its_columns(
    granted: Granted,
) -> None:
    schema = granted.landing.schema
    for table, columns in read_of(granted).items():
        problem = changed(
            granted, lambda session, name=table: make_table_anew(session, schema, name)
        )
        if table == "tenant_kvs":  # which is read through a function of its owner
            assert problem == ""
            continue
        assert problem.startswith(f"user {granted.role} may not read {schema}.{table} ("), problem
        listed = re.search(r"`grant select \(([^)]*)\) on", problem)
        assert listed
        assert set(listed[1].split(", ")) == columns
        assert f"`tidemill init --role {granted.role} --apply`" in problem


def test_a_column_that_was_made_anew_is_named_with_the_grant(granted: Granted) -> None:
    schema = granted.landing.schema
    for table, columns in read_of(granted).items():
        column = max(columns)
        problem = changed(
            granted,
            lambda session, name=table, made=column: make_column_anew(session, schema, name, made),
        )
        if table != "tenant_kvs":
            assert f"`grant select ({column}) on {schema}.{table} to" in problem, problem


@pytest.mark.parametrize("granted", [LAGO], indirect=True, ids=["public"])
def test_run_and_doctor_say_so_and_init_grants_it_again(granted: Granted, tmp_path: Path) -> None:
    with psycopg.connect(granted.owner, autocommit=True) as session:
        make_table_anew(session, "public", "charges")
        make_column_anew(session, "public", "customers", "country")
    sentence = (
        f"user {granted.role} may not read public.customers (country), public.charges (id, "
        "billable_metric_id): "
    )
    run = tidemill(tmp_path, "run", "--dsn", granted.builder)
    doctor = tidemill(tmp_path, "doctor", "--dsn", granted.builder)

    assert run.returncode == 2
    assert f"error: {sentence}" in run.stderr
    assert "Building" not in run.stderr
    assert doctor.returncode == 2
    assert f"Problem: {sentence}" in doctor.stdout
    grant_again(granted, tmp_path)
    assert tidemill(tmp_path, "doctor", "--dsn", granted.builder).returncode == 0
