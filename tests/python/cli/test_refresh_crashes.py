"""Whatever ends a refresh, the numbers before it are still served, and the next needs no help."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest

from cli.copying_project import wait_for
from project import ROOT
from servers import Server, chosen, running
from tidemill_cli.demo.lago.load import generate_and_load

pytestmark = pytest.mark.slow  # everything is built first, on a server that may be killed

REFRESHING = "pg_stat_activity where application_name = 'tidemill refresh'"
WAITING = f"{REFRESHING} and wait_event_type = 'Lock'"
# What somebody else holds, so that a refresh stands still in this phase.
PHASES = {
    "before it looks": "refresh_state",
    "while it applies": "mrr_movements",
    "as it ends": "data_issues",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of these tests' own, with the settings it comes with."""
    with running(chosen()) as server:
        yield server


@pytest.fixture(scope="module")
def billing(server: Server) -> str:
    """A Lago of enough customers for what is done of many, and the metrics of it."""
    with psycopg.connect(server.dsn) as session:
        generate_and_load(session, 110, 1, datetime(2026, 1, 1, tzinfo=UTC), 2)
    done = tidemill("run", server.dsn)
    assert done.returncode == 0, done.stderr
    return server.dsn


def start(command: str, dsn: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tidemill_cli", command, "--dsn", dsn, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def tidemill(command: str, dsn: str, *words: str) -> subprocess.CompletedProcess[str]:
    process = start(command, dsn, *words)
    told = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, *told)


def movements(dsn: str) -> list[tuple[object, ...]]:
    """What readers see."""
    with psycopg.connect(dsn, autocommit=True) as session:
        return session.execute(
            "select movement_id, country, amount from tidemill.metric_mrr_movements order by 1"
        ).fetchall()


def countries(dsn: str) -> set[object]:
    return {country for _, country, _ in movements(dsn)}


def move_to(dsn: str, country: str) -> None:
    """Everybody moves: rows of most relations change."""
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute("update customers set country = %s", (country,))


@contextmanager
def held(dsn: str, relation: str) -> Iterator[None]:
    """Somebody locks a relation of the live build."""
    session = psycopg.connect(dsn)
    try:
        live = session.execute(
            "select build from tidemill.tidemill_builds where published "
            "order by switched_at desc limit 1"
        ).fetchone()
        assert live
        session.execute(f"lock table {live[0]}.{relation} in exclusive mode")  # type: ignore[arg-type]
        yield
    finally:
        session.close()  # by then the server may be gone


def the_next_one_repairs(dsn: str, before: list[tuple[object, ...]], country: str) -> None:
    """The numbers are those of before, until a refresh has come to its end."""
    assert country not in {told for _, told, _ in before}
    assert movements(dsn) == before
    again = tidemill("refresh", dsn)
    assert again.returncode == 0, again.stderr
    assert "Building everything" not in again.stderr
    assert country in countries(dsn)
    checked = tidemill("refresh", dsn, "--check")
    assert checked.returncode == 0, checked.stderr
    assert "were wrong" not in checked.stderr


@pytest.mark.parametrize(("phase", "country"), list(zip(PHASES, ("IS", "NO", "SE"), strict=True)))
def test_a_refresh_may_be_killed(billing: str, phase: str, country: str) -> None:
    before = movements(billing)
    move_to(billing, country)
    with (
        psycopg.connect(billing, autocommit=True) as session,
        held(billing, PHASES[phase]),
    ):
        process = start("refresh", billing)
        wait_for(session, WAITING)
        process.kill()
        process.communicate()
        began = time.monotonic()
        # What it had asked for ends by itself, and is in nobody's way.
        with session.transaction():
            session.execute("lock table customers in access exclusive mode")
        wait_for(session, f"(select 1 where not exists (select from {REFRESHING})) as is_over")
        assert time.monotonic() - began < 5
    the_next_one_repairs(billing, before, country)


def test_connections_may_be_lost(billing: str) -> None:
    before = movements(billing)
    move_to(billing, "DK")
    with psycopg.connect(billing, autocommit=True) as session, held(billing, "mrr_movements"):
        process = start("refresh", billing)
        wait_for(session, WAITING)
        session.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name like 'tidemill%'"
        )
        _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "error: the connection was lost" in told
    assert "Traceback" not in told
    the_next_one_repairs(billing, before, "DK")


def test_a_statement_may_take_too_long_for_the_server(billing: str) -> None:
    before = movements(billing)
    move_to(billing, "FI")
    with psycopg.connect(billing, autocommit=True) as session, held(billing, "mrr_movements"):
        session.execute("alter database postgres set statement_timeout = '2s'")
        slow = tidemill("refresh", billing)
        session.execute("alter database postgres reset statement_timeout")
    assert slow.returncode == 2
    assert "canceling statement due to statement timeout" in slow.stderr
    assert "Traceback" not in slow.stderr
    the_next_one_repairs(billing, before, "FI")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk that is full")
def test_the_disk_may_be_full(server: Server, billing: str) -> None:
    before = movements(billing)
    move_to(billing, "EE")
    disk = server.folder / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0777", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a disk")
    try:
        (disk / "space").mkdir(mode=0o777)
        server.own(disk / "space")
        with psycopg.connect(billing, autocommit=True) as session:
            session.execute(f"create tablespace small location '{disk / 'space'}'")  # type: ignore[arg-type]
            # What a refresh copies and computes is temporary at first.
            session.execute("alter database postgres set temp_tablespaces = small")
            full = tidemill("refresh", billing)
            session.execute("alter database postgres reset temp_tablespaces")
            assert full.returncode == 2
            assert "No space left on device" in full.stderr
            assert "Traceback" not in full.stderr
            the_next_one_repairs(billing, before, "EE")
            session.execute("drop tablespace small")
            session.execute("checkpoint")  # or a server that is killed looks for it again
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_the_server_may_be_killed(server: Server, billing: str) -> None:
    before = movements(billing)
    move_to(billing, "LV")
    with held(billing, "mrr_movements"):
        process = start("refresh", billing)
        with psycopg.connect(billing, autocommit=True) as session:
            wait_for(session, WAITING)
        server.kill()
        _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "error: the connection was lost" in told
    assert "Traceback" not in told
    server.start()
    the_next_one_repairs(billing, before, "LV")
