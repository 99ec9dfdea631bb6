"""status, diff, rollback and prune over builds that stand side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from cli.conftest import Tidemill
from tidemill_cli import builds as builds_module
from tidemill_cli.builds import BuildLog
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.locks import try_run_lock
from tidemill_cli.database.session import Session, connect
from tidemill_cli.facade import publish


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    with connect(resolve(ConnectionOptions(dsn=database), {}), "tests") as session:
        yield session


@pytest.fixture
def log(session: Session, monkeypatch: pytest.MonkeyPatch) -> BuildLog:
    seconds = iter(range(1, 60))

    class Clock:
        def now(self, zone: object = None) -> datetime:
            return datetime(2026, 3, 15, 12, 30, tzinfo=UTC) + timedelta(seconds=next(seconds))

    monkeypatch.setattr(builds_module, "datetime", Clock())
    return BuildLog(session, "tidemill")


def make(log: BuildLog, rows: str, *, columns: str = "plan, mrr", status: str = "published") -> str:
    """A build whose metric_mrr has these rows."""
    session = log.session
    build = log.start(datetime.now(UTC) - timedelta(minutes=5))
    session.execute(f"create schema {build}")
    session.execute(
        f"create table {build}.metric_mrr as "
        f"select plan::text as plan, mrr::numeric(28, 10) as mrr, {len(rows)} as definitions_hash "
        f"from (values {rows}) as v ({columns})"
    )
    if status == "published":
        publish(session, "tidemill", build)
        log.finish(build, status, models=2, tests=1, rows=1234567)
    else:
        log.finish(build, status, "test mrr_is_not_negative failed.", models=2, tests=1)
    return build


def live_mrr(session: Session) -> list[tuple[object, ...]]:
    return session.execute("select plan, mrr::int from tidemill.metric_mrr order by 1").fetchall()


# status -----------------------------------------------------------------------------------------


def test_without_a_run_there_is_no_status(tidemill: Tidemill, database: str) -> None:
    result = tidemill("status", "--dsn", database)

    assert result.exit_code == 2
    assert "no run is recorded in schema tidemill: run `tidemill run`" in result.stderr


def test_status_tells_how_fresh_the_numbers_are(
    tidemill: Tidemill, database: str, log: BuildLog
) -> None:
    build = make(log, "('pro', 100)")

    result = tidemill("status", "--dsn", database)

    assert result.exit_code == 0
    numbers, last_run, kept = result.stdout.splitlines()
    assert numbers.endswith(f"5 min behind (build {build})")
    assert "published in " in last_run
    assert last_run.endswith("2 models, 1 tests, 1,234,567 rows")
    assert kept == f"Builds    {build}"


def test_status_tells_what_failed_and_what_is_live_meanwhile(
    tidemill: Tidemill, database: str, log: BuildLog
) -> None:
    good = make(log, "('pro', 100)")
    bad = make(log, "('pro', -1)", status="tests_failed")

    document = json.loads(tidemill("status", "--dsn", database, "--json").stdout)

    assert document["live_build"] == good
    assert 300 <= document["lag_seconds"] < 400
    assert document["last_run"]["build"] == bad
    assert document["last_run"]["status"] == "tests_failed"
    assert document["last_run"]["message"] == "test mrr_is_not_negative failed."
    assert document["builds"] == [bad, good]
    assert document["running"] is None


def test_status_names_a_run_that_is_under_way_and_one_that_was_killed(
    tidemill: Tidemill, database: str, log: BuildLog
) -> None:
    make(log, "('pro', 100)")
    log.start(datetime.now(UTC))
    killed = tidemill("status", "--dsn", database).stdout
    try_run_lock(log.session)

    running = tidemill("status", "--dsn", database).stdout

    assert "interrupted" in killed
    assert "Running" not in killed
    assert f"Running   process {log.session.info.backend_pid} (tests) since" in running


def test_status_tells_of_the_last_run_that_ended_and_of_the_one_under_way(
    tidemill: Tidemill, database: str, log: BuildLog
) -> None:
    good = make(log, "('pro', 100)")
    bad = make(log, "('pro', -1)", status="tests_failed")
    under_way = log.start(datetime.now(UTC))
    for build, ago in ((good, "10 min"), (bad, "5 min"), (under_way, "150 s")):
        log.session.execute(
            f"update tidemill.tidemill_builds set started_at = now() - interval '{ago}',"
            " finished_at = case when finished_at is not null"
            f" then now() - interval '{ago}' + interval '90 s' end where build = '{build}'"
        )
    try_run_lock(log.session)

    told = tidemill("status", "--dsn", database).stdout
    document = json.loads(tidemill("status", "--dsn", database, "--json").stdout)

    assert ": tests failed in 90 s, 2 models, 1 tests" in told
    assert "test mrr_is_not_negative failed." in told
    assert ", for 2 min, as user postgres" in told
    assert document["last_run"]["build"] == bad
    assert document["last_run"]["seconds"] == pytest.approx(90, abs=1)
    running = document["running"]
    info = log.session.info
    assert (running["pid"], running["user"], running["client"]) == (
        info.backend_pid,
        info.user,
        None,
    )
    assert running["build"] == under_way
    assert 150 <= running["seconds"] < 180


def test_the_lag_is_reckoned_by_the_clock_of_the_database(
    tidemill: Tidemill, database: str, log: BuildLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(log, "('pro', 100)")
    monkeypatch.setattr(
        "tidemill_cli.database.session.server_time",
        lambda session: datetime.now(UTC) + timedelta(hours=3),
    )

    document = json.loads(tidemill("status", "--dsn", database, "--json").stdout)

    assert document["lag_seconds"] == pytest.approx(3 * 3600 + 300, abs=60)


def test_numbers_that_are_too_old_exit_1(tidemill: Tidemill, database: str, log: BuildLog) -> None:
    make(log, "('pro', 100)")

    assert tidemill("status", "--dsn", database, "--max-age", "1h").exit_code == 0
    old = tidemill("status", "--dsn", database, "--max-age", "2m")
    assert old.exit_code == 1
    assert "The numbers are older than 2m." in old.stderr
    wrong = tidemill("status", "--dsn", database, "--max-age", "soon")
    assert wrong.exit_code == 2
    assert "write it as 90s, 15m, 2h or 1d" in wrong.stderr


def test_status_reads_what_an_older_release_recorded(
    tidemill: Tidemill, database: str, log: BuildLog
) -> None:
    make(log, "('pro', 100)")
    log.session.execute(
        "alter table tidemill.tidemill_builds "
        "drop column message, drop column rows, drop column switched_at"
    )

    assert "2 models, 1 tests" in tidemill("status", "--dsn", database).stdout

    make(log, "('pro', 100)")  # and the next run adds what is missing
    assert "1,234,567 rows" in tidemill("status", "--dsn", database).stdout


# rollback ---------------------------------------------------------------------------------------


def test_rollback_points_readers_and_their_views_at_the_build_before(
    tidemill: Tidemill, database: str, log: BuildLog, session: Session
) -> None:
    first = make(log, "('pro', 100)")
    session.execute(
        "create view public.mine as select sum(mrr)::int as mrr from tidemill.metric_mrr"
    )
    make(log, "('pro', 120)")

    result = tidemill("rollback", "--dsn", database)

    assert result.exit_code == 0
    assert f"are those of build {first} now" in result.stderr
    assert live_mrr(session) == [("pro", 100)]
    assert session.execute("select mrr from public.mine").fetchone() == (100,)
    assert f"(build {first})" in tidemill("status", "--dsn", database).stdout


def test_rollback_goes_forward_by_name_and_back_no_further_than_there_are_builds(
    tidemill: Tidemill, database: str, log: BuildLog, session: Session
) -> None:
    make(log, "('pro', 100)")
    second = make(log, "('pro', 120)")
    tidemill("rollback", "--dsn", database)

    nothing = tidemill("rollback", "--dsn", database)
    assert nothing.exit_code == 2
    assert "there is nothing to go back to" in nothing.stderr
    assert tidemill("rollback", "--dsn", database, second).exit_code == 0
    assert live_mrr(session) == [("pro", 120)]


def test_a_build_that_failed_its_tests_is_not_gone_back_to(
    tidemill: Tidemill, database: str, log: BuildLog, session: Session
) -> None:
    bad = make(log, "('pro', -1)", status="tests_failed")
    make(log, "('pro', 100)")

    result = tidemill("rollback", "--dsn", database, bad)

    assert result.exit_code == 2
    assert f"build {bad} is not among those that were published" in result.stderr
    assert live_mrr(session) == [("pro", 100)]


@pytest.mark.parametrize("command", ["rollback", "prune"])
def test_builds_are_left_alone_while_a_run_is_under_way(
    tidemill: Tidemill, database: str, log: BuildLog, command: str
) -> None:
    make(log, "('pro', 100)")
    make(log, "('pro', 120)")
    try_run_lock(log.session)

    result = tidemill(command, "--dsn", database)

    assert result.exit_code == 2
    assert f"process {log.session.info.backend_pid} (tests)" in result.stderr
    assert live_mrr(log.session) == [("pro", 120)]


# prune ------------------------------------------------------------------------------------------


def test_prune_never_drops_what_readers_are_pointed_at(
    tidemill: Tidemill, database: str, log: BuildLog, session: Session
) -> None:
    first = make(log, "('pro', 100)")
    second = make(log, "('pro', 120)")
    third = make(log, "('pro', 130)")
    tidemill("rollback", "--dsn", database, first)

    result = tidemill("prune", "--dsn", database, "--keep", "1")

    assert result.stderr.strip() == f"Dropped {second}."
    assert live_mrr(session) == [("pro", 100)]
    assert tidemill("rollback", "--dsn", database, third).exit_code == 0
    assert "nothing to drop" not in tidemill("prune", "--dsn", database, "--keep", "1").stderr
    assert "There is nothing to drop." in tidemill("prune", "--dsn", database).stderr


# diff -------------------------------------------------------------------------------------------


def test_diff_counts_rows_and_names_the_largest_change(
    tidemill: Tidemill, database: str, log: BuildLog
) -> None:
    make(log, "('same', 5), ('pro', 100), ('basic', 10), ('gone', 7), (null, 1)")
    make(log, "('same', 5), ('pro', 90.5), ('basic', 11), ('new', 7), ('more', 0), (null, 1)")

    result = tidemill("diff", "--dsn", database)

    header, _, row = result.stdout.splitlines()
    assert header.split("  ")[0] == "metric"
    assert row.split() == ["metric_mrr", "6", "2", "1", "2", "mrr", "-9.5", "(pro)"]


def test_diff_as_json_is_exact(tidemill: Tidemill, database: str, log: BuildLog) -> None:
    first = make(log, "('pro', 100), ('pro', 0.0000000001)")  # nothing tells these two apart
    second = make(log, "('pro', 100)")

    document = json.loads(tidemill("diff", "--dsn", database, first, second, "--json").stdout)

    assert (document["before"], document["after"]) == (first, second)
    assert document["metrics"] == [
        {
            "metric": "metric_mrr",
            "rows_before": 2,
            "rows_after": 1,
            "added": 0,
            "removed": 0,
            "changed": 1,
            "columns_added": [],
            "columns_removed": [],
            "largest_change": {
                "column": "mrr",
                "before": "100.0000000001",
                "after": "100.0000000000",
                "row": {"plan": "pro"},
            },
        }
    ]


def test_a_build_is_no_different_from_one_of_the_same_rows(
    tidemill: Tidemill, database: str, log: BuildLog
) -> None:
    make(log, "('pro', 100), ('basic', 10)")
    make(log, "('basic', 10), ('pro', 100)")

    row = tidemill("diff", "--dsn", database).stdout.splitlines()[2]

    assert row.split() == ["metric_mrr", "2", "0", "0", "0"]


def test_diff_shows_what_a_failed_build_would_have_published(
    tidemill: Tidemill, database: str, log: BuildLog
) -> None:
    make(log, "('pro', 100)")
    make(log, "('pro', -1)", status="tests_failed")

    assert "mrr -101" in tidemill("diff", "--dsn", database).stdout


def test_diff_needs_two_builds_that_are_kept(
    tidemill: Tidemill, database: str, log: BuildLog
) -> None:
    make(log, "('pro', 100)")

    alone = tidemill("diff", "--dsn", database)
    assert alone.exit_code == 2
    assert "two builds are needed, and 1 is kept in schema tidemill" in alone.stderr
    unknown = tidemill("diff", "--dsn", database, "tidemill_20200101000000")
    assert unknown.exit_code == 2
    assert "there is no build tidemill_20200101000000" in unknown.stderr


# after real runs --------------------------------------------------------------------------------


def test_two_runs_can_be_told_apart_and_the_first_brought_back(
    tidemill: Tidemill, levels: str, stub: Path
) -> None:
    words = ("--dsn", levels)
    assert tidemill("run", *words, "--project-dir", str(stub)).exit_code == 0
    with psycopg.connect(levels, autocommit=True) as session:
        session.execute("update public.levels set mrr = 130")
    assert tidemill("run", *words, "--project-dir", str(stub)).exit_code == 0

    assert "mrr +30" in tidemill("diff", *words).stdout
    assert tidemill("rollback", *words).exit_code == 0
    assert tidemill("mrr", *words).stdout.split()[-2:] == ["USD", "100.00"]
    with psycopg.connect(levels, autocommit=True) as session:
        session.execute("update public.levels set mrr = -1")
    assert tidemill("run", *words, "--project-dir", str(stub)).exit_code == 1
    told = tidemill("status", *words).stdout
    assert "tests failed" in told
    assert "failed: mrr_is_not_negative." in told
