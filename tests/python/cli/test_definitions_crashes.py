"""Whatever ends a change of definitions, neither they nor the numbers have changed."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cli.copying_project import SLOWLY, amounts, copying, create_billing, query, wait_for
from cli.defining_project import OPTION, mrr, write_defining_project
from cli.stub_project import write_stub_project
from cli.test_crashes import PHASES, SLEEPING, hurry
from project import ROOT

SWITCHING = (
    "pg_stat_activity where application_name = 'tidemill definitions set'"
    " and wait_event_type = 'Lock'"
)


@pytest.fixture
def project(stub: Path) -> Path:
    return write_defining_project(stub)


@pytest.fixture(scope="module")
def template(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """The name of a database after a good run, and the DSN of another one."""
    dsn = create_billing(new_database())
    project = write_defining_project(write_stub_project(tmp_path_factory.mktemp("template")))
    finish(start(dsn, project, "run"), 0)
    return str(conninfo_to_dict(dsn)["dbname"]), make_conninfo(dsn, dbname="postgres")


@pytest.fixture
def published(template: tuple[str, str]) -> str:
    """The DSN of a copy of it."""
    source, server = template
    name = f"{source}_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as session:
        session.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(source)
            )
        )
    return make_conninfo(server, dbname=name)


def start(dsn: str, project: Path, *command: str) -> subprocess.Popen[str]:
    """A command in a process that can be killed."""
    words = [*command, "--dsn", dsn, "--project-dir", str(project)]
    return subprocess.Popen(
        [sys.executable, "-m", "tidemill_cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def change(dsn: str, project: Path) -> subprocess.Popen[str]:
    return start(dsn, project, "definitions", "set", f"{OPTION}=12")


def finish(process: subprocess.Popen[str], code: int) -> str:
    _, told = process.communicate(timeout=120)
    assert process.returncode == code, told
    assert "Traceback" not in told
    return told


def nothing_has_changed(dsn: str) -> None:
    assert amounts(dsn) == mrr()
    assert query(dsn, "select * from tidemill_inputs.definitions") == []
    in_force = "select distinct value, in_force_to from tidemill.metric_definitions"
    assert query(dsn, f"{in_force} where option = '{OPTION}'") == [("6", None)]


@pytest.mark.slow
@pytest.mark.parametrize("phase", PHASES)
def test_a_change_may_be_killed(published: str, project: Path, phase: str) -> None:
    slow, sight = PHASES[phase]
    slow(project)
    process = change(published, project)
    with psycopg.connect(published, autocommit=True) as session:
        wait_for(session, sight)
        process.kill()
        process.communicate()

    nothing_has_changed(published)


@pytest.mark.slow
def test_after_a_kill_runs_go_on_as_before_and_the_change_can_be_made_again(
    published: str, project: Path
) -> None:
    copying(project, "t3", also=SLOWLY)
    process = change(published, project)
    with psycopg.connect(published, autocommit=True) as session:
        wait_for(session, SLEEPING)
        process.kill()
        process.communicate()
    hurry(published)

    finish(start(published, project, "run"), 0)
    nothing_has_changed(published)
    finish(change(published, project), 0)

    assert amounts(published) == mrr(12)
    stored = query(published, "select option, value from tidemill_inputs.definitions")
    assert stored == [(OPTION, "12")]


@pytest.mark.parametrize(
    "held",
    [
        pytest.param("select from tidemill.metric_mrr", id="before the first view is switched"),
        # Views and definitions are changed by then, for nobody to see.
        pytest.param(
            "lock table tidemill_history.definitions_history in share mode",
            id="when all but the commit is done",
        ),
    ],
)
@pytest.mark.parametrize("end", ["kill", "lose the connection"])
def test_a_change_may_end_while_it_switches(
    published: str, project: Path, held: str, end: str
) -> None:
    with psycopg.connect(published) as reader, psycopg.connect(published, autocommit=True) as other:
        reader.execute(held)
        process = change(published, project)
        wait_for(other, SWITCHING)
        if end == "kill":
            process.send_signal(signal.SIGKILL)
            process.communicate()
        else:
            other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'tidemill definitions set'"
            )
            assert "the connection was lost" in finish(process, 2)

    nothing_has_changed(published)


@pytest.mark.slow
def test_a_change_may_be_interrupted(published: str, project: Path) -> None:
    copying(project, "t3", also=SLOWLY)
    process = change(published, project)
    with psycopg.connect(published, autocommit=True) as session:
        wait_for(session, SLEEPING)
        process.send_signal(signal.SIGINT)
        finish(process, 130)

    nothing_has_changed(published)


@pytest.mark.slow
def test_connections_may_be_lost_during_a_change(published: str, project: Path) -> None:
    copying(project, "t3", also=SLOWLY)
    process = change(published, project)
    with psycopg.connect(published, autocommit=True) as session:
        wait_for(session, SLEEPING)
        session.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name like 'tidemill%'"
        )
    finish(process, 2)

    nothing_has_changed(published)
