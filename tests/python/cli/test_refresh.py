"""`tidemill refresh`: what a whole build of the same instant would make, from what has changed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from typer.testing import CliRunner, Result

from cli.conftest import Tidemill
from cli.copying_project import wait_for
from contents import differences
from tidemill_cli import refreshing
from tidemill_cli.demo.lago.load import generate_and_load

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
LIVE = (
    "select build from tidemill.tidemill_builds where published order by switched_at desc limit 1"
)
Refresh = Callable[..., Result]

# What every change is followed by: the customers with the most invoices have all kinds of rows.
SOMEBODY = "select customer_id from invoices group by 1 order by count(*) desc, 1 limit 1 offset {}"


IN_PORTUGAL = "select from tidemill.metric_mrr_movements where country = 'PT' limit 1"


@pytest.fixture(scope="module")
def billing(new_database: Callable[[], str]) -> str:
    """A Lago with a few customers, and the metrics of it."""
    dsn = new_database()
    with psycopg.connect(dsn) as session:
        generate_and_load(session, 40, 3, UNTIL, 2)
    from tidemill_cli.app import app

    result = CliRunner().invoke(app, ["run", "--dsn", dsn])
    assert result.exit_code == 0, result.stderr
    return dsn


@pytest.fixture
def session(billing: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(billing, autocommit=True) as session:
        yield session


@pytest.fixture
def refresh(tidemill: Tidemill, billing: str) -> Refresh:
    def refresh(*words: str) -> Result:
        result = tidemill("refresh", "--dsn", billing, *words)
        assert result.exit_code == 0, result.stderr
        return result

    return refresh


def live(session: psycopg.Connection) -> str:
    row = session.execute(LIVE).fetchone()
    assert row
    return str(row[0])


def levels(session: psycopg.Connection) -> list[tuple[object, ...]]:
    return session.execute(
        "select currency, sum(mrr) from tidemill.metric_mrr where grain = 'day' "
        "and period_start = (select max(period_start) from tidemill.metric_mrr) "
        "group by 1 order by 1"
    ).fetchall()


def test_without_a_change_nothing_is_computed(
    refresh: Refresh, session: psycopg.Connection
) -> None:
    before, build = levels(session), live(session)
    assert "Refreshed 0 customers (0 relations changed)" in refresh().stderr
    assert (levels(session), live(session)) == (before, build)
    assert (
        "Numbers   as of" in CliRunner().invoke(_app(), ["status", "--dsn", _dsn(session)]).stdout
    )


EDITS = {
    "a row edited in place, with no word of when": (
        f"update customers set country = 'IS' where id = ({SOMEBODY.format(0)})"
    ),
    "a fact of long ago": (
        "update subscriptions set started_at = started_at - interval '70 days', "
        "subscription_at = subscription_at - interval '70 days' "
        f"where customer_id = ({SOMEBODY.format(1)}) and previous_subscription_id is null"
    ),
    "a price that many pay": (
        "update plans set amount_cents = amount_cents + 700 where id = (select plan_id from "
        "subscriptions where status = 1 group by 1 order by count(*) desc, 1 limit 1)"
    ),
    "an end": (
        "update subscriptions set status = 2, terminated_at = '2025-12-20 10:00+00' "
        f"where status = 1 and customer_id = ({SOMEBODY.format(2)})"
    ),
    "an end to come": (
        "update subscriptions set ending_at = now() + interval '2 days' "
        f"where status = 1 and customer_id = ({SOMEBODY.format(3)})"
    ),
    "a payment": (
        "update fees set payment_status = 1, succeeded_at = created_at "
        f"where invoice_id in (select id from invoices where customer_id = ({SOMEBODY.format(4)}))"
    ),
    "a row less": (
        "delete from customer_metadata where customer_id in "
        "(select customer_id from customer_metadata order by 1 limit 1)"
    ),
}


def test_it_comes_to_what_a_run_comes_to(
    refresh: Refresh, tidemill: Tidemill, session: psycopg.Connection, billing: str
) -> None:
    with psycopg.connect(billing) as late:
        # Written before the refresh, and committed after it.
        late.execute(f"update customers set name = 'Late' where id = ({SOMEBODY.format(5)})")
        for edit in EDITS.values():
            session.execute(edit)
        done = refresh()
        assert "Refreshed" in done.stderr
        assert "Building everything" not in done.stderr
        build = live(session)
    # A deleted row leaves no trace: within the bound everybody is computed.
    done = refresh("--bound", "1s")
    assert live(session) == build
    assert session.execute("select from tidemill.metric_mrr_movements limit 1").fetchall()

    result = tidemill("run", "--dsn", billing)
    assert result.exit_code == 0, result.stderr
    assert live(session) != build
    assert differences(session, build, live(session)) == {}


def test_a_check_finds_and_mends_what_is_wrong(
    refresh: Refresh, session: psycopg.Connection
) -> None:
    before = levels(session)
    session.execute(
        f"update {live(session)}.mrr_periods set closing_mrr = closing_mrr + 1, "
        "native_mrr = native_mrr + 1"
    )
    assert levels(session) != before
    done = refresh("--check")
    assert "mrr_periods" in done.stderr
    assert levels(session) == before
    assert "were wrong" not in refresh("--check").stderr


def test_a_migration_is_let_through(
    refresh: Refresh, session: psycopg.Connection, billing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh that is in the way ends, and is repeated."""
    monkeypatch.setattr(refreshing, "_PAUSE_SECONDS", 0.1)
    session.execute(f"update customers set country = 'NO' where id = ({SOMEBODY.format(0)})")
    # The refresh will wait for this row of its own, with all its locks on the engine's tables.
    waits = [0.0]

    def migrate() -> None:
        with psycopg.connect(billing, autocommit=True) as engine:
            deadline = time.monotonic() + 30
            while not engine.execute(
                "select from pg_stat_activity where application_name = 'tidemill refresh' "
                "and wait_event_type = 'Lock'"
            ).fetchall():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            began = time.monotonic()
            engine.execute("alter table customers add column tidemill_test text")
            waits[0] = time.monotonic() - began
        blocker.rollback()

    with psycopg.connect(billing) as blocker:
        blocker.execute(f"select from {live(session)}.as_of for update")
        thread = threading.Thread(target=migrate)
        thread.start()
        done = refresh()
        thread.join()
    assert "Stopped, since process" in done.stderr
    assert waits[0] < 2
    rows = session.execute(
        "select from tidemill.metric_mrr_movements where country = 'NO' limit 1"
    ).fetchall()
    assert rows


@pytest.mark.slow
def test_refreshes_go_on_beside_a_run(
    refresh: Refresh, session: psycopg.Connection, billing: str
) -> None:
    refresh()
    before = live(session)
    command = [sys.executable, "-m", "tidemill_cli", "run", "--dsn", billing]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        # By then the billing tables are read.
        building = "tidemill.tidemill_builds where status = 'running'"
        wait_for(session, f"{building} and to_regclass(build || '.mrr_movements') is not null")
        session.execute(f"update customers set country = 'PT' where id = ({SOMEBODY.format(0)})")
        assert "Refreshed 1 customer " in refresh().stderr
        assert live(session) == before
        assert session.execute(IN_PORTUGAL).fetchall()
        _, said = process.communicate()
    assert process.returncode == 0, said
    assert live(session) != before
    assert session.execute(IN_PORTUGAL).fetchall(), "what was seen is not taken back"
    assert "were wrong" not in refresh("--check").stderr


@pytest.mark.slow
def test_a_watch_builds_everything_when_it_is_time_and_goes_on_refreshing(
    session: psycopg.Connection, billing: str
) -> None:
    before = live(session)
    command = [sys.executable, "-m", "tidemill_cli", "watch", "--dsn", billing, "--json"]
    command += ["--every", "1s", "--build-every", "1s"]
    rounds: list[dict[str, object]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            rounds.append(json.loads(line))
            if rounds[-1]["outcome"] == "published":
                break
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 0
    assert [one for one in rounds[:-1] if one["outcome"] != "refreshed"] == []
    assert len(rounds) > 3
    assert live(session) != before


@pytest.mark.slow
def test_what_may_concern_everybody_is_built(refresh: Refresh, session: psycopg.Connection) -> None:
    build = live(session)
    done = refresh("--vars", "tidemill_week_factor=4")
    assert "Building everything, since the project or its options have changed." in done.stderr
    assert live(session) != build


@pytest.mark.slow
def test_tests_that_fail_keep_a_refresh_from_readers(
    refresh: Refresh, session: psycopg.Connection
) -> None:
    refresh()
    build = live(session)
    session.execute(f"update {build}.mrr_movements set amount = amount + 1")
    session.execute(f"update customers set country = 'SE' where id = ({SOMEBODY.format(1)})")
    done = refresh()
    assert "Building everything, since tests failed: " in done.stderr
    assert live(session) != build


def _app() -> object:
    from tidemill_cli.app import app

    return app


def _dsn(session: psycopg.Connection) -> str:
    return str(session.info.dsn)
