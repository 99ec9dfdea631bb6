"""`dbt build` on a live schema: nobody's view, grant or query is hurt by it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from conftest import EmbeddedPostgres
from project import ROOT
from tidemill_cli.demo.lago.load import generate_and_load
from tidemill_cli.demo.lago.schema import create_schema

from .in_process import UNTESTED, InProcess

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = {"tidemill_as_of": UNTIL.isoformat()}
LATER = {"tidemill_as_of": datetime(2026, 2, 1, tzinfo=UTC).isoformat()}
ROLLUP = "tidemill_core.mrr_periods"
RETIRED = f"{ROLLUP}__dbt_backup"


@pytest.fixture(scope="module")
def project(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    """A first build, with an analyst's view over a metric and a right to read it."""
    project = InProcess(new_database(), tmp_path_factory.mktemp("in_place"))
    with psycopg.connect(project.dsn) as connection:
        generate_and_load(connection, 40, 1, UNTIL, years=2)
    project.build(*UNTESTED, variables=AS_OF)
    with psycopg.connect(project.dsn) as connection:
        connection.execute("create role analyst")
        connection.execute("grant usage on schema tidemill to analyst")
        connection.execute("grant select on tidemill.metric_mrr to analyst")
        connection.execute("create schema reports")
        connection.execute(
            "create view reports.mrr as select period_start, mrr from tidemill.metric_mrr"
        )
    return project


def value(dsn: str, expression: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(f"select {expression}").fetchone()
    assert row is not None
    return row[0]


@dataclass
class Poller:
    """Reads a metric every few milliseconds, as a dashboard with many viewers does."""

    dsn: str
    counts: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def poll(self) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            while not self.stopped.is_set():
                try:
                    row = connection.execute("select count(*) from tidemill.metric_mrr").fetchone()
                    self.counts.append(row[0] if row else 0)
                except psycopg.Error as problem:
                    self.errors.append(str(problem))
                time.sleep(0.005)


@contextmanager
def polled(dsn: str) -> Iterator[Poller]:
    poller = Poller(dsn)
    thread = threading.Thread(target=poller.poll)
    thread.start()
    try:
        yield poller
    finally:
        poller.stopped.set()
        thread.join()


def test_a_second_build_hurts_no_reader_no_view_and_no_grant(project: InProcess) -> None:
    before = value(project.dsn, f"'{ROLLUP}'::regclass::oid")
    rows_before = value(project.dsn, "count(*) from tidemill.metric_mrr")
    with polled(project.dsn) as poller:
        project.build(*UNTESTED, variables=LATER)
    rows = value(project.dsn, "count(*) from tidemill.metric_mrr")
    assert poller.errors == []
    assert len(poller.counts) > 100
    assert poller.counts[0] == rows_before
    assert poller.counts[-1] == rows
    # Old rows or new ones, never none and never some.
    assert set(poller.counts) == {rows_before, rows}
    assert rows != rows_before
    assert value(project.dsn, f"'{ROLLUP}'::regclass::oid") == before
    assert value(project.dsn, "count(*) from reports.mrr") == rows
    assert value(project.dsn, "has_table_privilege('analyst', 'tidemill.metric_mrr', 'select')")


@pytest.mark.slow
def test_a_table_of_other_columns_is_replaced_and_goes_when_nobody_uses_it(
    project: InProcess,
) -> None:
    with psycopg.connect(project.dsn) as connection:
        # As an older version of the project might have left it.
        connection.execute(f"alter table {ROLLUP} add column old_fashioned integer")
        connection.execute(f"create view reports.raw as select mrr_periods.* from {ROLLUP}")
    old = value(project.dsn, f"'{ROLLUP}'::regclass::oid")
    rows = value(project.dsn, "count(*) from tidemill.metric_mrr")
    rebuild = ("--select", "mrr_periods", "metric_mrr", "metric_mrr_waterfall", "metric_arr")

    with polled(project.dsn) as poller:
        project.build(*rebuild, variables=LATER)
    assert poller.errors == []
    assert set(poller.counts) == {rows}
    assert value(project.dsn, f"'{ROLLUP}'::regclass::oid") != old
    assert value(project.dsn, f"'{RETIRED}'::regclass::oid") == old
    assert value(project.dsn, "count(*) from reports.mrr") == rows

    # The metrics have moved over, but a view of the analyst's still reads the old table.
    project.build(*rebuild, variables=LATER)
    assert value(project.dsn, f"to_regclass('{RETIRED}')::oid") == old

    # A second change has nowhere to retire to while that view is there, and says so.
    with psycopg.connect(project.dsn) as connection:
        connection.execute(f"alter table {ROLLUP} add column newer integer")
    refused = project.dbt("build", *rebuild, *UNTESTED, variables=LATER)
    assert refused.returncode == 1
    assert "drop that view, or make it again on a metric, and build again." in refused.stdout
    assert value(project.dsn, "count(*) from tidemill.metric_mrr") == rows
    with psycopg.connect(project.dsn) as connection:
        connection.execute("drop view reports.raw")
    project.build(*rebuild, variables=LATER)
    assert value(project.dsn, f"'{RETIRED}'::regclass::oid") != old
    project.build(*rebuild, variables=LATER)
    assert value(project.dsn, f"to_regclass('{RETIRED}')") is None
    assert value(project.dsn, "count(*) from reports.mrr") == rows


def test_the_example_profile_is_all_that_dbt_needs(
    pg: EmbeddedPostgres, database: str, tmp_path: Path
) -> None:
    for folder in ("models", "macros", "seeds", "snapshots", "tests/generic"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "dbt_project.yml", tmp_path)
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "profiles.yml")
    with psycopg.connect(database) as connection:
        create_schema(connection)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("DBT_", "TIDEMILL_", "PG"))},
        "HOME": str(tmp_path),
        "TIDEMILL_HOST": pg.socket_dir,
        "TIDEMILL_PORT": str(pg.port),
        "TIDEMILL_USER": "postgres",
        "DBT_ENV_SECRET_TIDEMILL_PASSWORD": "open-sesame",
        "TIDEMILL_DATABASE": str(conninfo_to_dict(database)["dbname"]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "build"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "select distinct table_schema::text from information_schema.tables"
            " where starts_with(table_schema, 'tidemill')"
        ).fetchall()
    made = ("tidemill", "tidemill_core", "tidemill_history", "tidemill_inputs")
    assert sorted(schema for (schema,) in found) == sorted(made)
    logs = "".join(path.read_text() for path in (tmp_path / "logs").iterdir())
    assert "open-sesame" not in logs + done.stdout
