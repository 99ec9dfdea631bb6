"""Whatever ends a run, the numbers before it are still served, and the next run needs no help."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cli.copying_project import (
    SLOWLY,
    TABLES,
    amounts,
    copying,
    create_billing,
    query,
    wait_for,
    write_copying_project,
)
from project import ROOT
from servers import Server, chosen, running

Change = Callable[[Path], None]
DBT = (
    "pg_stat_activity where application_name like 'tidemill tidemill\\_%' and state = 'active'"
    " and datname = current_database()"
)
SLEEPING = f"{DBT} and wait_event = 'PgSleep'"
# What is slow in the project, and what is to be seen when the run has come to it.
PHASES: dict[str, tuple[Change, str]] = {
    "while it parses": (
        lambda project: None,
        "tidemill.tidemill_builds where status = 'running'",
    ),
    "while it copies": (lambda project: copying(project, "t3", also=SLOWLY), SLEEPING),
    "while it builds": (
        lambda project: _append(project / "models" / "levels.sql", f" {SLOWLY}"),
        SLEEPING,
    ),
    "while it tests": (
        lambda project: _append(
            project / "checks" / "mrr_is_not_negative.sql",
            " and (select pg_sleep(case when to_regclass('public.hurry') is null then 60 else 0"
            " end)) is null",
        ),
        SLEEPING,
    ),
}


def _append(file: Path, text: str) -> None:
    file.write_text(file.read_text().rstrip() + text)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of these tests' own, with the settings it comes with."""
    with running(chosen()) as server:
        yield server


@pytest.fixture
def billing(server: Server) -> str:
    """The DSN of a new database on it, with billing tables."""
    name = f"billing_{secrets.token_hex(4)}"
    with psycopg.connect(server.dsn, autocommit=True) as session:
        session.execute(f"create database {name}")
    return create_billing(make_conninfo(server.dsn, dbname=name))


@pytest.fixture
def project(stub: Path) -> Path:
    return write_copying_project(stub)


@pytest.fixture
def published(billing: str, project: Path) -> str:
    """The same database after a good run, and a change since."""
    assert run(billing, project).returncode == 0
    with psycopg.connect(billing, autocommit=True) as session:
        for name in TABLES:
            session.execute(f"update {name} set amount = 2")
    return billing


def start(dsn: str, project: Path) -> subprocess.Popen[str]:
    """`tidemill run` in a process that can be killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "tidemill_cli", "run", "--dsn", dsn, "--project-dir", str(project)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def run(dsn: str, project: Path) -> subprocess.CompletedProcess[str]:
    process = start(dsn, project)
    told = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, *told)


def hurry(dsn: str) -> None:
    """Nothing is slow any more."""
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute("create table public.hurry ()")


def next_run_repairs(dsn: str, project: Path) -> None:
    """Old numbers until the next run, new ones after it, and no more left over than one build."""
    assert amounts(dsn) == [1] * len(TABLES)
    hurry(dsn)

    again = run(dsn, project)

    assert again.returncode == 0, again.stderr
    assert amounts(dsn) == [2] * len(TABLES)
    statuses = query(dsn, "select status from tidemill.tidemill_builds order by started_at")
    assert statuses[0] == statuses[-1] == ("published",)
    assert ("running",) not in statuses
    left = query(dsn, "select nspname from pg_namespace where nspname like 'tidemill\\_2%'")
    assert len(left) <= 3  # the two published, and one to look at


@pytest.mark.parametrize("phase", PHASES)
def test_a_run_may_be_killed(published: str, project: Path, phase: str) -> None:
    slow, sight = PHASES[phase]
    slow(project)
    process = start(published, project)
    with psycopg.connect(published, autocommit=True) as session:
        wait_for(session, sight)

        process.send_signal(signal.SIGKILL)
        process.communicate()

        # What it had asked for ends by itself, and is in nobody's way.
        began = time.monotonic()
        session.execute("alter table t3 add column migrated int")
        assert time.monotonic() - began < 5
    next_run_repairs(published, project)


@pytest.mark.sample
def test_a_run_may_be_killed_while_it_waits_to_switch(published: str, project: Path) -> None:
    with psycopg.connect(published) as reader, psycopg.connect(published, autocommit=True) as other:
        reader.execute("select count(*) from tidemill.metric_mrr")
        process = start(published, project)
        wait_for(
            other,
            "pg_stat_activity where application_name = 'tidemill run' and wait_event_type = 'Lock'",
        )

        process.send_signal(signal.SIGKILL)
        process.communicate()
    next_run_repairs(published, project)


@pytest.mark.sample
def test_the_server_may_be_killed(server: Server, published: str, project: Path) -> None:
    copying(project, "t3", also=SLOWLY)
    process = start(published, project)
    with psycopg.connect(published, autocommit=True) as session:
        wait_for(session, SLEEPING)

    server.kill()
    _, told = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "error: the connection was lost" in told
    assert "Traceback" not in told
    server.start()
    next_run_repairs(published, project)


def test_connections_may_be_lost(published: str, project: Path) -> None:
    copying(project, "t3", also=SLOWLY)
    process = start(published, project)
    with psycopg.connect(published, autocommit=True) as session:
        wait_for(session, SLEEPING)
        session.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name like 'tidemill%'"
        )
    _, told = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "the connection was lost" in told
    assert "Traceback" not in told
    next_run_repairs(published, project)


def test_a_statement_may_take_too_long_for_the_server(published: str, project: Path) -> None:
    copying(project, "t3", also=SLOWLY)
    with psycopg.connect(published, autocommit=True) as session:
        session.execute(f"alter database {session.info.dbname} set statement_timeout = '2s'")

    slow = run(published, project)

    assert slow.returncode == 2
    assert "canceling statement due to statement timeout" in slow.stderr
    next_run_repairs(published, project)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk that is full")
def test_the_disk_may_be_full(
    server: Server, published: str, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    disk = server.folder / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0777", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a disk")
    try:
        copying(project, "t3", also="cross join generate_series(1, 200000) where amount = 2")
        (disk / "space").mkdir(mode=0o777)
        server.own(disk / "space")
        with psycopg.connect(published, autocommit=True) as session:
            name = session.info.dbname
            session.execute(f"create tablespace small location '{disk / 'space'}'")  # type: ignore[arg-type]
            session.execute(f"alter database {name} set default_tablespace = small")  # type: ignore[arg-type]

        full = run(published, project)

        assert full.returncode == 2
        assert "No space left on device" in full.stderr
        with psycopg.connect(published, autocommit=True) as session:
            # What it had written is gone: the disk is needed.
            left = session.execute(
                "select count(*) from pg_class inner join pg_tablespace"
                " on pg_class.reltablespace = pg_tablespace.oid where spcname = 'small'"
            ).fetchone()
            assert left == (0,)
            session.execute(f"alter database {name} reset default_tablespace")  # type: ignore[arg-type]
        copying(project, "t3")
        next_run_repairs(published, project)
        with psycopg.connect(published, autocommit=True) as session:
            session.execute("drop tablespace small")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_run_may_begin_in_the_middle_of_a_migration(published: str, project: Path) -> None:
    with (
        psycopg.connect(published) as migration,
        psycopg.connect(published, autocommit=True) as other,
    ):
        migration.execute("alter table t3 alter column amount type bigint")  # writes it anew
        process = start(published, project)
        wait_for(other, f"{DBT} and wait_event_type = 'Lock'")
        migration.commit()
        _, told = process.communicate(timeout=120)

    assert process.returncode == 0, told
    # Read at an instant before the migration it would have been empty.
    assert '"public"."t3" was rewritten or emptied while it was being read' in told
    assert amounts(published) == [2] * len(TABLES)
