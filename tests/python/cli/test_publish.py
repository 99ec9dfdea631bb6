"""The facade: readers never find a metric missing, and their own views follow."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.session import Session, connect
from tidemill_cli.errors import TidemillError
from tidemill_cli.facade import publish

pytestmark = pytest.mark.sample

MRR = "mrr numeric(28,10)"


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    with connect(resolve(ConnectionOptions(dsn=database), {}), "tests") as session:
        yield session


def make_build(
    session: Session, name: str, amount: int, columns: str = "mrr numeric(28,10)"
) -> str:
    session.execute(f"create schema {name}")
    for metric in ("metric_mrr", "metric_arr"):
        session.execute(
            f"create table {name}.{metric} ({columns}); "
            f"insert into {name}.{metric} values ({amount})"
        )
    session.execute(f"create table {name}.mrr_movements (internal int)")
    return name


def value(session: Session, relation: str) -> object:
    row = session.execute(f"select * from {relation}").fetchone()
    assert row
    return row[0]


def test_metrics_are_published_and_internals_are_not(session: Session) -> None:
    published = publish(session, "tidemill", make_build(session, "build_1", 1))

    assert published.views == ["metric_arr", "metric_mrr"]
    assert published.together
    assert value(session, "tidemill.metric_mrr") == 1
    assert value(session, "to_regclass('tidemill.mrr_movements')") is None


def test_a_users_view_and_grants_follow_two_publishes(session: Session, reader: str) -> None:
    publish(session, "tidemill", make_build(session, "build_1", 1))
    session.execute(
        "create view public.finance as select sum(mrr) as mrr from tidemill.metric_mrr; "
        f"grant select on tidemill.metric_mrr to {reader}"
    )

    publish(session, "tidemill", make_build(session, "build_2", 2))
    assert value(session, "public.finance") == 2
    publish(session, "tidemill", make_build(session, "build_3", 3))

    assert value(session, "public.finance") == 3
    assert value(session, f"has_table_privilege('{reader}', 'tidemill.metric_mrr', 'select')")


def test_a_column_may_be_added_at_the_end(session: Session) -> None:
    publish(session, "tidemill", make_build(session, "build_1", 1))

    publish(session, "tidemill", make_build(session, "build_2", 2, "mrr numeric(28,10), note text"))

    assert value(session, "tidemill.metric_mrr") == 2


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ("mrr numeric(20,4)", "its column mrr changed from numeric(28,10) to numeric(20,4)"),
        ("amount numeric(28,10)", "its column mrr became amount"),
        ("mrr text", "its column mrr changed from numeric(28,10) to text"),
    ],
)
def test_an_incompatible_column_is_refused_naming_the_views_over_it(
    session: Session, columns: str, why: str
) -> None:
    publish(session, "tidemill", make_build(session, "build_1", 1))
    session.execute("create view public.finance as select mrr from tidemill.metric_arr")

    with pytest.raises(TidemillError) as raised:
        publish(session, "tidemill", make_build(session, "build_2", 2, columns))

    assert why in str(raised.value)
    assert "tidemill.metric_arr cannot be switched" in str(raised.value)
    assert "it is read by public.finance: run `drop view public.finance`" in str(raised.value)
    assert value(session, "tidemill.metric_mrr") == 1


@pytest.mark.parametrize("columns", ["mrr numeric(38,22)", "note text, mrr numeric(28,10)"])
def test_a_view_of_other_columns_that_nobodys_view_reads_is_made_anew_with_its_grants(
    session: Session, reader: str, capsys: pytest.CaptureFixture[str], columns: str
) -> None:
    publish(session, "tidemill", make_build(session, "build_1", 1, "mrr numeric(28,10), note text"))
    session.execute(
        f"grant select on tidemill.metric_mrr to {reader}; "
        "grant select on tidemill.metric_arr to public"
    )
    make_build(session, "build_2", 2, columns)

    assert publish(session, "tidemill", "build_2").together

    assert value(session, "tidemill.metric_mrr") in (2, "2")
    assert (
        "tidemill.metric_mrr is made anew, with its grants: its column" in capsys.readouterr().err
    )
    for metric, role in (("metric_mrr", reader), ("metric_arr", "public")):
        granted = f"has_table_privilege('{role}', 'tidemill.{metric}', 'select')"
        assert value(session, granted) is True
    granted = f"has_table_privilege('{reader}', 'tidemill.metric_mrr', 'insert')"
    assert value(session, granted) is False


def test_a_build_without_metrics_is_refused(session: Session) -> None:
    session.execute("create schema build_1")

    with pytest.raises(TidemillError, match="nothing to publish"):
        publish(session, "tidemill", "build_1")


def test_a_metric_that_is_no_longer_built_keeps_its_numbers_and_is_named(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(session, "tidemill", make_build(session, "build_1", 1))
    make_build(session, "build_2", 2)
    session.execute("drop table build_2.metric_arr")

    publish(session, "tidemill", "build_2")

    assert value(session, "tidemill.metric_arr") == 1
    assert "tidemill.metric_arr is no longer built" in capsys.readouterr().err


def test_readers_never_find_a_metric_missing_while_it_is_switched(
    session: Session, database: str
) -> None:
    publish(session, "tidemill", make_build(session, "build_0", 0))
    stop = threading.Event()
    errors: list[Exception] = []
    seen: set[tuple[object, object]] = set()

    def read() -> None:
        with psycopg.connect(database, autocommit=True) as own:
            while not stop.is_set():
                try:
                    row = own.execute(
                        "select metric_mrr.mrr, metric_arr.mrr "
                        "from tidemill.metric_mrr cross join tidemill.metric_arr"
                    ).fetchone()
                except psycopg.Error as error:
                    errors.append(error)
                else:
                    assert row
                    seen.add(tuple(row))
                time.sleep(0.005)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in readers:
        thread.start()
    for number in range(1, 9):
        publish(session, "tidemill", make_build(session, f"build_{number}", number))
    time.sleep(0.05)
    stop.set()
    for thread in readers:
        thread.join()

    assert not errors
    assert {mrr for mrr, _ in seen} >= {8}
    # Both views were switched in one transaction: no reader saw two builds at once.
    assert all(mrr == arr for mrr, arr in seen)


def test_a_long_reader_of_one_metric_delays_it_but_is_never_killed(
    session: Session, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(session, "tidemill", make_build(session, "build_1", 1))
    make_build(session, "build_2", 2)
    with psycopg.connect(database) as long_reader:
        long_reader.execute("select * from tidemill.metric_mrr")
        release = threading.Timer(2, long_reader.commit)
        release.start()

        published = publish(session, "tidemill", "build_2", together_seconds=0.5)
        release.join()

        assert not published.together
        assert value(session, "tidemill.metric_mrr") == 2
        row = long_reader.execute("select mrr from tidemill.metric_mrr").fetchone()
        assert row == (2,)
    assert "one by one" in capsys.readouterr().err
