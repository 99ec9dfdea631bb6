"""`tidemill run` with a small dbt project: build, test, switch, or leave everything as it was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cli.conftest import Tidemill
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.locks import try_run_lock
from tidemill_cli.database.session import Session, connect
from tidemill_cli.errors import TidemillError
from tidemill_cli.project import check_sources


@pytest.fixture
def session(levels: str) -> Iterator[Session]:
    with connect(resolve(ConnectionOptions(dsn=levels), {}), "tests") as session:
        yield session


def build_rows(session: Session) -> list[tuple[str, bool]]:
    rows = session.execute(
        "select status, published from tidemill.tidemill_builds order by started_at"
    )
    return [(status, published) for status, published in rows]


def published_mrr(session: Session) -> object:
    row = session.execute("select sum(mrr) from tidemill.metric_mrr").fetchone()
    assert row
    return row[0]


def test_a_run_builds_beside_tests_and_publishes(
    tidemill: Tidemill, stub: Path, levels: str, session: Session
) -> None:
    result = tidemill("run", "--dsn", levels, "--project-dir", str(stub), "--json")

    assert result.exit_code == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["published"] == ["metric_mrr"]
    assert (summary["models"], summary["tests"], summary["failed_tests"]) == (2, 1, [])
    assert "MRR at the end of 2026-03-15: USD 100.00." in result.stderr
    assert published_mrr(session) == 100
    assert build_rows(session) == [("published", True)]
    row = session.execute(
        "select metric_mrr.as_of = tidemill_builds.as_of "
        "from tidemill.metric_mrr cross join tidemill.tidemill_builds"
    ).fetchone()
    assert row == (True,), "the instant the models saw is the one recorded"


@pytest.mark.slow
def test_as_many_models_are_built_at_a_time_as_is_said(
    tidemill: Tidemill, stub: Path, levels: str, session: Session
) -> None:
    (stub / "models/metric_threads.sql").write_text("select {{ target.threads }} as threads")
    words = ["run", "--dsn", levels, "--project-dir", str(stub)]
    told = []
    for threads in ([], ["--threads", "1"]):
        assert tidemill(*words, *threads).exit_code == 0
        told += session.execute("select threads from tidemill.metric_threads").fetchall()

    assert told == [(4,), (1,)]
    assert tidemill(*words, "--threads", "0").exit_code == 2


def test_dbt_writes_neither_into_the_project_nor_the_environment(
    tidemill: Tidemill, stub: Path, levels: str, clean_environment: Path
) -> None:
    before = sorted(stub.rglob("*"))
    environment = dict(os.environ)

    assert tidemill("run", "--dsn", levels, "--project-dir", str(stub)).exit_code == 0

    assert sorted(stub.rglob("*")) == before
    assert dict(os.environ) == environment
    assert [path.name for path in clean_environment.iterdir()] == [".tidemill"]


def test_a_failed_test_publishes_nothing_and_exits_1(
    tidemill: Tidemill, stub: Path, levels: str, session: Session
) -> None:
    assert tidemill("run", "--dsn", levels, "--project-dir", str(stub)).exit_code == 0
    session.execute("update public.levels set mrr = -5")

    result = tidemill("run", "--dsn", levels, "--project-dir", str(stub), "--json")

    assert result.exit_code == 1
    assert "test mrr_is_not_negative failed on 1 row" in result.stderr
    assert "This breaks metric_mrr." in result.stderr
    assert "Nothing was published, the numbers built before stay as they were" in result.stderr
    summary = json.loads(result.stdout)
    assert [test["name"] for test in summary["failed_tests"]] == ["mrr_is_not_negative"]
    assert published_mrr(session) == 100
    assert build_rows(session) == [("published", True), ("tests_failed", False)]
    row = session.execute(f"select mrr from {summary['build']}.metric_mrr").fetchone()
    assert row == (-5,), "the build is left to look at"


@pytest.mark.slow
def test_issues_of_the_data_are_counted_and_published(
    tidemill: Tidemill, stub: Path, levels: str, session: Session
) -> None:
    (stub / "models/data_issues.sql").write_text(
        """
        select severity, issue, source_row_id
        from (values
            ('warning', 'missing_plan', '1'),
            ('error', 'unknown_currency', '2'),
            ('error', 'negative_amount', '3'),
            ('error', 'unknown_currency', '4'),
            ('note', 'customer_excluded', 'c1')
        ) as found (severity, issue, source_row_id)
        """
    )
    words = ["run", "--dsn", levels, "--project-dir", str(stub), "--json"]

    result = tidemill(*words)

    assert result.exit_code == 0, result.stderr
    assert (
        "Issues of the data, row by row in tidemill.data_issues:\n"
        "  error: unknown_currency on 2 rows\n"
        "  error: negative_amount on 1 row\n"
        "  warning: missing_plan on 1 row\n"
        "  note: customer_excluded on 1 row\n"
    ) in result.stderr
    assert json.loads(result.stdout)["data_issues"] == [
        {"severity": "error", "issue": "unknown_currency", "rows": 2},
        {"severity": "error", "issue": "negative_amount", "rows": 1},
        {"severity": "warning", "issue": "missing_plan", "rows": 1},
        {"severity": "note", "issue": "customer_excluded", "rows": 1},
    ]
    row = session.execute("select count(*) from tidemill.data_issues").fetchone()
    assert row == (5,)

    (stub / "models/data_issues.sql").unlink()
    without = tidemill(*words)
    assert "Issues of the data" not in without.stderr
    assert json.loads(without.stdout)["data_issues"] == []


def test_a_wrong_option_value_is_the_projects_own_sentence(
    tidemill: Tidemill, stub: Path, levels: str, session: Session
) -> None:
    assert tidemill("run", "--dsn", levels, "--project-dir", str(stub)).exit_code == 0

    result = tidemill(
        "run", "--dsn", levels, "--project-dir", str(stub), "--vars", "tidemill_week_factor=5"
    )

    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "error: tidemill_week_factor is '5': set it to one of 52/12, 4.33, 4. "
        "Nothing was published; the numbers built before stay as they were."
    )
    assert published_mrr(session) == 100


def test_a_database_error_in_a_model_is_one_sentence(
    tidemill: Tidemill, stub: Path, levels: str, session: Session
) -> None:
    (stub / "models/metric_broken.sql").write_text("select 1 / (mrr - mrr) as x from public.levels")
    (stub / "models/metric_broken.yml").write_text("models: [{name: metric_broken}]")
    (stub / "models/levels.sql").write_text(
        '{{ config(materialized="table") }}\n'
        "select levels.*, now() as as_of, 1 / (mrr - mrr) as x from public.levels"
    )

    result = tidemill("run", "--dsn", levels, "--project-dir", str(stub))

    assert result.exit_code == 2
    assert "error: model levels failed: division by zero" in result.stderr
    assert build_rows(session) == [("failed", False)]


def test_a_second_run_is_told_who_holds_the_lock(
    tidemill: Tidemill, stub: Path, levels: str, session: Session
) -> None:
    assert try_run_lock(session)

    result = tidemill("run", "--dsn", levels, "--project-dir", str(stub))

    assert result.exit_code == 2
    pid = session.info.backend_pid
    assert f"process {pid} (tests) since 20" in result.stderr
    assert "wait for it to end" in result.stderr


@pytest.mark.slow
def test_the_lock_is_free_again_after_a_run(
    tidemill: Tidemill, stub: Path, levels: str, session: Session
) -> None:
    tidemill("run", "--dsn", levels, "--project-dir", str(stub))

    assert try_run_lock(session)


def test_as_of_may_be_given_and_must_be_an_instant(
    tidemill: Tidemill, stub: Path, levels: str, session: Session
) -> None:
    words = ["run", "--dsn", levels, "--project-dir", str(stub), "--vars"]

    wrong = tidemill(*words, "tidemill_as_of=yesterday-ish")
    right = tidemill(*words, "tidemill_as_of=2026-03-31T00:00:00Z")

    assert wrong.exit_code == 2
    assert "tidemill_as_of is 'yesterday-ish': set it to an instant" in wrong.stderr
    assert right.exit_code == 0
    row = session.execute("select as_of::text from tidemill.metric_mrr").fetchone()
    assert row
    assert row[0].startswith("2026-03-31 00:00:00+00")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--vars", "week_factor=4"], "did you mean tidemill_week_factor?"),
        (["--vars", "tidemill_week_factor"], "write it as KEY=VALUE"),
        (["--vars", "tidemill_billing_sources=[lago"], "cannot be read as YAML"),
        (["--project-dir", "nowhere"], "there is no dbt_project.yml in nowhere"),
    ],
)
def test_a_wrong_word_on_the_command_line_is_one_sentence(
    tidemill: Tidemill, words: list[str], sentence: str
) -> None:
    result = tidemill("run", "--dsn", "host=unused", *words)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert sentence in result.stderr


def test_a_changed_column_is_refused_and_the_live_numbers_stay(
    tidemill: Tidemill, stub: Path, levels: str, session: Session
) -> None:
    assert tidemill("run", "--dsn", levels, "--project-dir", str(stub)).exit_code == 0
    session.execute("create view public.finance as select mrr from tidemill.metric_mrr")
    model = stub / "models/metric_mrr.sql"
    model.write_text(model.read_text().replace(" mrr,", " mrr::text as mrr,"))
    (stub / "checks/mrr_is_not_negative.sql").unlink()

    result = tidemill("run", "--dsn", levels, "--project-dir", str(stub))

    assert result.exit_code == 2
    assert "its column mrr changed from numeric(28,10) to text" in result.stderr
    assert "it is read by public.finance" in result.stderr
    assert published_mrr(session) == 100
    assert build_rows(session)[-1] == ("refused", False)


def test_the_password_reaches_dbt_and_appears_nowhere(
    tidemill: Tidemill,
    stub: Path,
    levels: str,
    session: Session,
    locked_role: str,
    clean_environment: Path,
) -> None:
    session.execute(f"grant select on public.levels to {locked_role}")
    session.execute(f"grant create on database {session.info.dbname} to {locked_role}")
    dsn = f"{levels} user={locked_role} password=open-sesame"

    result = tidemill("run", "--dsn", dsn, "--project-dir", str(stub))

    assert result.exit_code == 0, result.stderr
    assert "open-sesame" not in result.output
    written = [path for path in clean_environment.rglob("*") if path.is_file()]
    assert written
    assert not any(b"open-sesame" in path.read_bytes() for path in written)


def test_a_profile_with_its_own_schema_publishes_there(
    tidemill: Tidemill, stub: Path, levels: str, session: Session
) -> None:
    with psycopg.connect(levels) as own:
        info = own.info
        output = {
            "type": "postgres",
            "host": info.host,
            "port": info.port,
            "user": info.user,
            "password": "",
            "dbname": info.dbname,
            "schema": "finance",
            "threads": 1,
        }
    (stub / "profiles.yml").write_text(
        json.dumps({"tidemill": {"target": "prod", "outputs": {"prod": output}}})
    )

    result = tidemill("run", "--project-dir", str(stub))

    assert result.exit_code == 0, result.stderr
    assert "Published 1 relations in schema finance" in result.stderr
    row = session.execute("select build from finance.tidemill_builds").fetchone()
    assert row
    assert row[0].startswith("finance_2")


def test_a_billing_source_without_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "models" / "sources" / "lago").mkdir(parents=True)
    with pytest.raises(TidemillError, match=r"names 'foo', and there is no models/sources/foo"):
        check_sources(tmp_path, ["lago", "foo"])
