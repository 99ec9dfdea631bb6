"""Which builds are kept, and that nothing of a user's is ever dropped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tidemill_cli import builds as builds_module
from tidemill_cli.builds import BuildLog, build_name
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.session import Session, connect

NOW = datetime(2026, 3, 15, 12, 30, 59, tzinfo=UTC)


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    with connect(resolve(ConnectionOptions(dsn=database), {}), "tests") as session:
        yield session


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_is = NOW

    def now(self, zone: object = None) -> datetime:
        self.now_is += timedelta(seconds=1)
        return self.now_is


@pytest.fixture
def log(session: Session, monkeypatch: pytest.MonkeyPatch) -> BuildLog:
    monkeypatch.setattr(builds_module, "datetime", Clock())
    return BuildLog(session, "tidemill")


def make(log: BuildLog, status: str) -> str:
    build = log.start(NOW)
    log.session.execute(
        f"create schema {build}; create table {build}.levels as select 1 as mrr; "
        f"create view {build}.metric_mrr as select mrr from {build}.levels"
    )
    log.finish(build, status, models=2, tests=1)
    return build


def schemas(session: Session) -> list[str]:
    rows = session.execute(
        "select nspname from pg_namespace where nspname like 'tidemill\\_2%' order by 1"
    )
    return [row[0] for row in rows]


def test_a_build_is_named_by_its_utc_second() -> None:
    assert build_name("tidemill", NOW) == "tidemill_20260315123059"


def test_builds_of_one_second_get_names_of_their_own(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(Clock):
        def now(self, zone: object = None) -> datetime:
            return NOW

    monkeypatch.setattr(builds_module, "datetime", Stopped())
    session.execute("create schema tidemill_20260315123100")
    log = BuildLog(session, "tidemill")

    names = [log.start(NOW) for _ in range(3)]

    # 12:31:00 is passed over: that schema is not a build's.
    assert names == [
        "tidemill_20260315123059",
        "tidemill_20260315123101",
        "tidemill_20260315123102",
    ]


def test_a_build_is_recorded(log: BuildLog) -> None:
    build = make(log, "published")

    row = log.session.execute(
        "select build, as_of, status, published, models, tests, finished_at is not null "
        "from tidemill.tidemill_builds"
    ).fetchone()
    assert row == (build, NOW, "published", True, 2, 1, True)


def test_the_last_two_published_and_the_last_failed_build_are_kept(log: BuildLog) -> None:
    names = {
        label: make(log, label.split("-")[0])
        for label in ("published-1", "failed-1", "published-2", "tests_failed-2", "published-3")
    }

    dropped = log.prune()

    assert set(dropped) == {names["published-1"], names["failed-1"]}
    assert schemas(log.session) == [
        names["published-2"],
        names["tests_failed-2"],
        names["published-3"],
    ]
    assert log.prune() == []


def test_a_build_that_a_users_view_reads_is_kept_and_named(
    log: BuildLog, capsys: pytest.CaptureFixture[str]
) -> None:
    oldest = make(log, "published")
    log.session.execute(f"create view public.mine as select * from {oldest}.levels")
    for _ in range(3):
        make(log, "published")

    dropped = log.prune()

    assert len(dropped) == 1
    assert oldest in schemas(log.session)
    assert log.session.execute("select * from public.mine").fetchone() == (1,)
    assert f"Old build {oldest} is kept: public.mine reads it." in capsys.readouterr().err
    # Once the view is gone, the build goes too.
    log.session.execute("drop view public.mine")
    assert log.prune() == [oldest]


def test_a_build_that_holds_something_of_the_users_is_kept_whole(
    log: BuildLog, capsys: pytest.CaptureFixture[str]
) -> None:
    oldest = make(log, "published")
    log.session.execute(f"create type {oldest}.mine as enum ('a')")
    for _ in range(2):
        make(log, "published")

    log.prune()

    assert oldest in schemas(log.session)
    assert log.session.execute(f"select mrr from {oldest}.metric_mrr").fetchone() == (1,)
    assert "something in it is not ours" in capsys.readouterr().err


def test_a_build_that_holds_routines_is_dropped(log: BuildLog) -> None:
    build = make(log, "published")
    log.session.execute(
        f"""
        create function {build}.doubled(level {build}.levels) returns integer
        language sql begin atomic select level.mrr * 2; end;
        create function {build}."Doubled"(level {build}.levels, "at" timestamptz[])
        returns integer language sql begin atomic select {build}.doubled(level); end;
        create procedure {build}.doubled(inout how_often integer)
        language plpgsql as 'begin how_often := 2; end';
        create view {build}.metric_twice as select {build}.doubled(levels) from {build}.levels
        """
    )

    assert log.drop(build)

    assert schemas(log.session) == []


def test_a_build_whose_function_a_users_view_calls_is_kept_whole(log: BuildLog) -> None:
    build = make(log, "published")
    log.session.execute(
        f"create function {build}.one() returns integer language sql as 'select 1';"
        f"create view public.mine as select {build}.one()"
    )

    assert not log.drop(build)

    assert log.session.execute("select * from public.mine").fetchone() == (1,)
    assert log.session.execute(f"select mrr from {build}.metric_mrr").fetchone() == (1,)


def test_schemas_that_are_not_recorded_are_never_touched(log: BuildLog) -> None:
    log.session.execute("create schema tidemill_20200101000000")
    for _ in range(4):
        make(log, "published")

    log.prune()

    assert "tidemill_20200101000000" in schemas(log.session)


def test_a_run_that_was_killed_is_marked_by_the_next(log: BuildLog) -> None:
    killed = log.start(NOW)
    make(log, "published")

    row = log.session.execute(
        "select status from tidemill.tidemill_builds where build = %s", (killed,)
    ).fetchone()
    assert row == ("interrupted",)


def test_an_empty_build_schema_is_dropped_and_a_filled_one_stays(log: BuildLog) -> None:
    empty = log.start(NOW)
    log.session.execute(f"create schema {empty}")
    filled = make(log, "failed")

    assert log.drop_if_empty(empty)
    assert not log.drop_if_empty(filled)
    assert schemas(log.session) == [filled]
