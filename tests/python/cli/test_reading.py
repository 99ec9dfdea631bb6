"""A run reads all billing tables at one instant, and is never in the way of whoever needs them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from typer.testing import Result

from cli.conftest import Tidemill
from cli.copying_project import (
    TABLES,
    amounts,
    copying,
    create_billing,
    query,
    wait_for,
    write_copying_project,
)
from tidemill_cli import runner

HELD = "pg_stat_activity where application_name = 'tidemill snapshot'"


@pytest.fixture
def project(stub: Path) -> Path:
    return write_copying_project(stub)


@pytest.fixture
def billing(database: str) -> str:
    return create_billing(database)


@pytest.fixture
def run(tidemill: Tidemill, billing: str, project: Path) -> Callable[..., Result]:
    def run(*words: str) -> Result:
        return tidemill("run", "--dsn", billing, "--project-dir", str(project), *words)

    return run


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Do something in another thread; an error in it is an error of the test."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert not errors, errors


def test_all_tables_are_read_at_one_instant(billing: str, run: Callable[..., Result]) -> None:
    is_over = threading.Event()

    def bill() -> None:
        with psycopg.connect(billing) as session:
            while not is_over.is_set():
                for name in TABLES:
                    session.execute(f"update {name} set amount = amount + 1")
                session.commit()

    with meanwhile(bill):
        result = run()
        is_over.set()

    assert result.exit_code == 0, result.stderr
    assert len(set(amounts(billing))) == 1, amounts(billing)


def test_the_instant_is_the_only_now(billing: str, run: Callable[..., Result]) -> None:
    is_over = threading.Event()

    def bill() -> None:
        with psycopg.connect(billing, autocommit=True) as session:
            while not is_over.is_set():
                session.execute("update t0 set amount = extract(epoch from clock_timestamp())")

    with meanwhile(bill):
        run()
        is_over.set()

    ((as_of, recorded, billed_at),) = query(
        billing,
        "select max(metric_mrr.as_of), max(tidemill_builds.as_of), max(to_timestamp(mrr))"
        " from tidemill.metric_mrr cross join tidemill.tidemill_builds where plan = 't0'",
    )
    assert as_of == recorded
    # What was billed a second later is not in it.
    assert abs((as_of - billed_at).total_seconds()) < 2


@pytest.mark.slow
def test_the_snapshot_is_let_go_when_the_tables_are_copied(
    billing: str, project: Path, run: Callable[..., Result]
) -> None:
    slow = (
        "{{ config(materialized='table') }} select 1 as one from {{ ref('levels') }}, pg_sleep(4)"
    )
    (project / "models" / "slow.sql").write_text(slow)
    held = []

    def look() -> None:
        with psycopg.connect(billing, autocommit=True) as session:
            wait_for(session, HELD)
            wait_for(
                session,
                "pg_stat_activity where query like '%pg_sleep(4)%' and application_name like"
                " 'tidemill tidemill_%' and state = 'active'",
            )
            time.sleep(1.5)
            held.extend(session.execute(f"select state from {HELD}").fetchall())

    with meanwhile(look):
        assert run().exit_code == 0

    assert held == []


def test_a_migration_is_let_through_and_the_run_repeated(
    billing: str, project: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_PAUSE_SECONDS", 0.5)
    # Slow until the migration has been there.
    copying(
        project,
        "t3",
        also="cross join (select pg_sleep(case when exists (select from information_schema.columns"
        " where table_name = 't3' and column_name = 'migrated') then 0 else 60 end)) as slowly",
    )
    waited = []

    def migrate() -> None:
        with psycopg.connect(billing, autocommit=True) as session:
            wait_for(
                session,
                "pg_locks inner join pg_stat_activity using (pid)"
                " where relation = 't3'::regclass and application_name like 'tidemill tidemill_%'",
            )
            began = time.monotonic()
            session.execute(
                "alter table t3 add column migrated int, alter column amount type bigint"
            )
            waited.append(time.monotonic() - began)

    with meanwhile(migrate):
        result = run()

    assert result.exit_code == 0, result.stderr
    assert waited[0] < 2
    assert "waited for what was being read (alter table t3 add column migrated int" in result.stderr
    assert amounts(billing) == [1] * len(TABLES)
    # Of the first attempt nothing is left but its record.
    builds = query(
        billing,
        "select status, to_regnamespace(build) is not null, message like 'process % waited for%'"
        " from tidemill.tidemill_builds order by started_at",
    )
    assert builds == [("interrupted", False, True), ("published", True, None)]


def test_a_table_that_is_emptied_under_the_snapshot_is_noticed(
    billing: str, project: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_PAUSE_SECONDS", 0.5)
    copying(project, "t5", hook="select pg_sleep(3)")

    def restore() -> None:
        """As a restore does: truncate, and fill again."""
        with psycopg.connect(billing, autocommit=True) as session:
            wait_for(session, HELD)
            time.sleep(0.5)
            with session.transaction():
                session.execute("truncate t5")
                session.execute("insert into t5 values (2)")

    with meanwhile(restore):
        result = run()

    assert result.exit_code == 0, result.stderr
    assert '"public"."t5" was rewritten or emptied while it was being read' in result.stderr
    assert amounts(billing) == [1, 1, 1, 1, 1, 2, 1, 1]


@pytest.mark.slow
def test_a_snapshot_is_not_held_for_longer_than_allowed(
    billing: str, project: Path, run: Callable[..., Result]
) -> None:
    run()
    copying(project, "t3", also="cross join (select pg_sleep(60)) as slowly")
    began = time.monotonic()

    result = run("--snapshot-limit", "2s")

    assert result.exit_code == 2
    assert "the billing tables were not read within 2 s" in result.stderr
    assert "pass a longer --snapshot-limit" in result.stderr
    assert time.monotonic() - began < 40
    assert amounts(billing) == [1] * len(TABLES)


@pytest.mark.slow
def test_a_run_gives_up_when_it_is_in_the_way_again_and_again(
    billing: str, project: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_PAUSE_SECONDS", 0.1)
    copying(project, "t3", also="cross join (select pg_sleep(60)) as slowly")
    is_over = threading.Event()

    def migrate() -> None:
        with psycopg.connect(billing, autocommit=True) as session:
            while not is_over.is_set():
                session.execute("alter table t3 alter column amount set default 0")
                time.sleep(0.2)

    with meanwhile(migrate):
        result = run()
        is_over.set()

    assert result.exit_code == 2
    assert "could not be read in peace 3 times; the last time process" in result.stderr
    assert query(
        billing, "select count(*) from pg_namespace where nspname like 'tidemill\\_2%'"
    ) == [(0,)]
