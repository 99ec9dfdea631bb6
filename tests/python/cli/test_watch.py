"""`tidemill watch`: run after run in one warm process, until it is told to end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import Result

from cli.conftest import Tidemill
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
from cli.stub_project import LEVELS
from project import ROOT
from servers import chosen, running
from tidemill_cli import watching
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.locks import try_run_lock
from tidemill_cli.database.session import connect
from tidemill_cli.dbt import Dbt, Target
from tidemill_cli.errors import OptionError, TidemillError
from tidemill_cli.parsed import KeptParse, state_of_files
from tidemill_cli.periods import parse_length
from tidemill_cli.watching import Outcome, Round, wait_after_failures

Step = Callable[[], object]
Watch = Callable[..., Result]
PUBLISHED = Outcome()
# Parsing needs a profile, and no database.
NOWHERE = {"host": "nowhere", "port": 5432, "user": "nobody", "dbname": "nowhere"}


def nothing() -> None:
    """Wait, and do nothing."""


# Pace and errors, without dbt ---------------------------------------------------------------------


@dataclass
class Clock:
    """Stands for the module `time`: sleeping takes no time, and is when a test does something."""

    steps: Iterator[Step]
    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        step = next(self.steps, None)
        if step is None:
            raise KeyboardInterrupt  # as the handler of the signals does
        step()


def rounds_of(monkeypatch: pytest.MonkeyPatch, every: float, *runs: object) -> list[Round]:
    """What is told of runs that take so many seconds and publish, or raise an error."""
    clock = Clock(iter([nothing] * (len(runs) - 1)))
    monkeypatch.setattr(watching, "time", clock)
    monkeypatch.setattr(Outcome, "is_good", property(lambda outcome: outcome.error is None))
    left = iter(runs)
    told: list[Round] = []

    def run() -> Outcome:
        now = next(left)
        if isinstance(now, Exception):
            raise now
        assert isinstance(now, float)
        clock.now += now
        return PUBLISHED

    watching.watch(run, every, told.append)
    assert [one.wait for one in told] == clock.slept
    return told


def test_runs_begin_at_equal_distances_unless_they_take_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = rounds_of(monkeypatch, 5.0, 1.0, 4.5, 7.0, 2.0)

    assert [one.wait for one in told] == [4.0, 0.5, 0.0, 3.0]
    assert [one.seconds for one in told] == [1.0, 4.5, 7.0, 2.0]


def test_after_failures_it_waits_longer_until_a_run_is_good_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost, locked = psycopg.OperationalError("gone\nfor good"), TidemillError("locked.")

    told = rounds_of(monkeypatch, 5.0, lost, locked, locked, 1.0, locked)

    assert [one.wait for one in told] == [5.0, 10.0, 20.0, 4.0, 5.0]
    assert [one.outcome.error for one in told] == [
        "the database said: gone",
        "locked.",
        "locked.",
        None,
        "locked.",
    ]


@pytest.mark.parametrize(
    ("every", "failures", "wait"),
    [(5, 6, 160), (5, 7, 300), (5, 100_000, 300), (200, 2, 300), (900, 1, 900), (900, 8, 900)],
)
def test_it_waits_no_longer_than_five_minutes_and_no_shorter_than_was_asked(
    every: float, failures: int, wait: float
) -> None:
    assert wait_after_failures(failures, every) == wait


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86_400)]
)
def test_a_length_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_length(text, "--every").total_seconds() == seconds


def test_no_length_at_all_is_one_only_where_it_means_something() -> None:
    assert not parse_length("0s", "--build-every", may_be_none=True)
    with pytest.raises(TidemillError, match="--every 0s cannot be read"):
        parse_length("0s", "--every")


def test_an_option_that_is_wrong_from_the_start_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="wrong"):
        rounds_of(monkeypatch, 5.0, TidemillError("locked."), OptionError("wrong."))


def test_an_option_that_was_right_before_may_be_so_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told = rounds_of(monkeypatch, 5.0, 1.0, OptionError("wrong."), 1.0)

    assert [one.outcome.error for one in told] == [None, "wrong.", None]


def test_a_defect_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        rounds_of(monkeypatch, 5.0, ZeroDivisionError())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_was_taken_for_an_error_ends_it(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    told: list[Round] = []

    def run() -> Outcome:
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt:
            raise TidemillError("the model failed.") from None
        return PUBLISHED

    watching.watch(run, 5.0, told.append)

    assert told == []
    assert signal.getsignal(number) is before


# With dbt, in this process ----------------------------------------------------------------------


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What dbt is told to do."""
    told: list[str] = []
    invoke = Dbt._invoke

    def noted(dbt: Dbt, command: str, *words: str, **more: Any) -> Any:  # noqa: ANN401 - dbt's own
        told.append(command)
        return invoke(dbt, command, *words, **more)

    monkeypatch.setattr(Dbt, "_invoke", noted)
    return told


@pytest.fixture
def watch(tidemill: Tidemill, stub: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """One run more than there are steps, each of which is done between two runs."""

    def watch(*words: str, steps: tuple[Step, ...] = ()) -> Result:
        clock = Clock(iter(steps))
        monkeypatch.setattr(clock, "monotonic", time.monotonic)
        monkeypatch.setattr(watching, "time", clock)
        return tidemill("watch", "--project-dir", str(stub), "--json", *words)

    return watch


def execute(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute(statement)  # type: ignore[arg-type]


def documents(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_run_is_a_line_and_only_the_first_one_parses(
    watch: Watch, levels: str, commands: list[str]
) -> None:
    result = watch(
        "--dsn",
        levels,
        "--every",
        "15m",
        steps=(lambda: execute(levels, "update levels set mrr = 150"),),
    )

    first, second = documents(result)
    assert commands == ["parse", "seed", "build", "seed", "build"]
    assert first["build"] < second["build"]
    assert first["as_of"] < second["as_of"]
    assert [one["mrr_at_end_of"] for one in (first, second)] == ["2026-03-15"] * 2
    assert [float(one["mrr"]["USD"]) for one in (first, second)] == [100, 150]
    assert [(one["models"], one["tests"], one["published"]) for one in (first, second)] == [
        (2, 1, ["metric_mrr"])
    ] * 2
    begin, one, two, end = result.stderr.splitlines()
    assert begin == "Running every 15m; Ctrl-C or SIGTERM ends it."
    assert "UTC  published 1 relations in " in one
    assert one.endswith("MRR at the end of 2026-03-15: USD 100.00.")
    assert two.endswith("MRR at the end of 2026-03-15: USD 150.00.")
    assert end == "Stopped."


def replace_in(file: Path, old: str, new: str) -> None:
    """Edit a file as an editor does: the new one takes the place of the old one."""
    text = file.read_text()
    assert old in text
    other = file.with_suffix(".new")
    other.write_text(text.replace(old, new))
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    other.rename(file)


@pytest.mark.slow
def test_what_is_edited_meanwhile_counts_in_the_next_run(
    watch: Watch, stub: Path, levels: str, commands: list[str]
) -> None:
    model, project = stub / "models" / "levels.sql", stub / "dbt_project.yml"
    profile = stub / "profiles.yml"
    with psycopg.connect(levels) as session:
        info = session.info
        output = {"type": "postgres", "user": info.user, "dbname": info.dbname, "threads": 1}
        output |= {"host": info.host, "port": info.port, "schema": "first", "password": ""}

    def write_profile() -> None:
        profile.write_text(json.dumps({"tidemill": {"target": "one", "outputs": {"one": output}}}))

    def add_a_seed() -> None:
        (stub / "seeds").mkdir()
        (stub / "seeds" / "factors.csv").write_text("factor\n3\n")
        replace_in(model, "from public.levels", "from public.levels, {{ ref('factors') }}")
        replace_in(model, "levels.*", f"{columns}, mrr * factor as mrr")

    def move() -> None:
        output["schema"] = "second"
        write_profile()

    columns = (
        "grain, period_start, period_end, is_complete, billing_source, tenant_id, plan, product,"
        " currency, country, billing_interval"
    )
    write_profile()

    result = watch(
        steps=(
            add_a_seed,
            lambda: replace_in(stub / "seeds" / "factors.csv", "3", "4"),
            lambda: replace_in(model, "mrr * factor", "mrr * {{ var('times') }}"),
            lambda: replace_in(project, "vars:", "vars:\n  times: 5"),
            move,
            lambda: replace_in(project, "vars:", "vars: ["),
            lambda: replace_in(project, "vars: [", "vars:"),
        )
    )

    told = documents(result)
    amounts_told = [one["mrr"] and float(one["mrr"]["USD"]) for one in told]
    assert amounts_told == [100, 300, 400, None, 500, 500, None, 500]
    assert "times" in told[3]["error"]
    assert "dbt_project.yml cannot be read as YAML at line" in told[6]["error"]
    published = [one.get("schema") for one in told]
    assert published == [*["first"] * 3, None, "first", "second", None, "second"]
    assert commands.count("parse") == 7  # once for each state that dbt got to see


@pytest.mark.slow
def test_an_error_of_a_run_is_told_and_the_next_one_is_good(
    watch: Watch, levels: str, stub: Path
) -> None:
    with connect(resolve(ConnectionOptions(dsn=levels), {}), "tests") as other:
        assert try_run_lock(other)
        result = watch(
            "--dsn",
            levels,
            "--every",
            "5s",
            steps=(
                other.close,
                lambda: execute(levels, "update levels set mrr = -1"),
                lambda: execute(levels, "alter table levels rename to gone"),
                lambda: execute(levels, "alter table gone rename to levels"),
                lambda: execute(levels, "update levels set mrr = 2"),
            ),
        )

    told = documents(result)
    assert [one["outcome"] for one in told] == [
        "failed",
        "published",
        "tests_failed",
        "failed",
        "tests_failed",
        "published",
    ]
    assert [one["next_in_seconds"] for one in told if one["outcome"] != "published"] == [
        5,
        5,
        10,
        20,
    ]
    _, locked, _, failed, missing, _, good, _ = result.stderr.splitlines()
    assert "(tests) since 20" in locked
    assert locked.endswith("holds the lock; wait for it to end. Trying again in 5 s.")
    assert "nothing published after" in failed
    assert "tests failed: mrr_is_not_negative; schema tidemill_2" in failed
    assert 'relation "public.levels" does not exist' in missing
    assert good.endswith("MRR at the end of 2026-03-15: USD 2.00.")


def test_with_no_length_between_builds_each_run_is_one(watch: Watch, levels: str) -> None:
    told = documents(watch("--dsn", levels, "--build-every", "0s", steps=(nothing,)))

    assert [one["outcome"] for one in told] == ["published", "published"]


def test_a_server_that_is_lost_is_found_again(watch: Watch) -> None:
    with running(chosen()) as server:
        with psycopg.connect(server.dsn, autocommit=True) as session:
            session.execute(LEVELS)

        result = watch("--dsn", server.dsn, steps=(server.kill, server.start))

    told = documents(result)
    assert [one["outcome"] for one in told] == ["published", "failed", "published"]
    assert "nothing listens on" in told[1]["error"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--every", "soon"], "--every soon cannot be read: write it as 90s, 15m, 2h or 1d."),
        (["--snapshot-limit", "0s"], "--snapshot-limit 0s cannot be read"),
        (["--vars", "week_factor=4"], "did you mean tidemill_week_factor?"),
        (["--project-dir", "nowhere"], "there is no dbt_project.yml in nowhere"),
        (["--target", "prod", "--dsn", ""], "--target prod names a target of the dbt profile"),
        (["--vars", "tidemill_week_factor=5"], "tidemill_week_factor is '5': set it to one of"),
        (["--vars", "tidemill_as_of=soon"], "tidemill_as_of is 'soon': set it to an instant"),
    ],
)
def test_what_no_waiting_mends_ends_it_at_once(
    watch: Watch, levels: str, words: list[str], sentence: str
) -> None:
    result = watch("--dsn", levels, *words)

    assert result.exit_code == 2
    assert result.stdout == ""
    *begin, error = result.stderr.splitlines()
    assert error.startswith("error: ")
    assert sentence in error
    assert begin in ([], ["Running every 1m; Ctrl-C or SIGTERM ends it."])


def plain(value: object) -> object:
    """What dbt made, without when: to be compared."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items() if key not in NOT_COMPARED}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if is_dataclass(value) or hasattr(value, "__dict__"):
        return plain(vars(value))
    return value


# When it was made, by which invocation, and with what of the profile dbt parses in part (never).
NOT_COMPARED = {"created_at", "metadata", "state_check", "_lock"}


@pytest.mark.parametrize("which", ["copying", pytest.param("own", marks=pytest.mark.slow)])
def test_what_is_kept_is_what_is_parsed_anew(which: str, stub: Path) -> None:
    project = write_copying_project(stub) if which == "copying" else ROOT
    sources = ["stub"] if which == "copying" else ["lago", "stripe", "killbill"]

    def parse(build: str, kept: KeptParse) -> Any:  # noqa: ANN401 - dbt's manifest
        target = Target(NOWHERE, "", "tidemill", build, 1)
        options = {"tidemill_billing_sources": sources}
        with Dbt(project, target, options, kept) as dbt:
            assert dbt.parse().error is None
            return dbt._manifest

    kept = KeptParse()
    parse("tidemill_20260101000000", kept)
    warm = parse("tidemill_20260101000007", kept)
    fresh = parse("tidemill_20260101000007", KeptParse())

    assert plain(warm) == plain(fresh)
    schemas = {node.schema for node in warm.nodes.values()}
    assert "tidemill_20260101000007" in schemas
    assert "tidemill_20260101000000" not in schemas
    seen = {str(project / file.path.original_file_path) for file in own_files(fresh)}
    assert seen
    assert seen <= state_of_files(project).keys()


def own_files(manifest: Any) -> list[Any]:  # noqa: ANN401 - dbt's manifest
    """The files of the project itself that dbt has read."""
    name = manifest.metadata.project_name
    return [file for file in manifest.files.values() if file.project_name == name]


# The real process --------------------------------------------------------------------------------


@pytest.fixture
def billing(database: str) -> str:
    return create_billing(database)


Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin(billing: str) -> Iterator[Begin]:
    """`tidemill watch` in a process of its own."""
    begun: list[subprocess.Popen[str]] = []

    def begin(project: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tidemill_cli", "watch", "--dsn", billing]
        process = subprocess.Popen(
            [*command, "--project-dir", str(project), "--every", "1h"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def end(process: subprocess.Popen[str], number: signal.Signals) -> list[str]:
    """End it with a signal, and return what it told."""
    began = time.monotonic()
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert time.monotonic() - began < 10
    assert "Traceback" not in told
    return told.splitlines()


def test_sigterm_ends_it_while_it_waits(begin: Begin, billing: str, stub: Path) -> None:
    process = begin(write_copying_project(stub))
    assert process.stderr
    lines = [process.stderr.readline(), process.stderr.readline()]

    assert end(process, signal.SIGTERM) == ["Stopped."]

    assert "  published 1 relations in " in lines[1]
    assert amounts(billing) == [1] * len(TABLES)


def test_an_interrupt_while_a_text_is_executed_is_an_ending_like_others() -> None:
    """As dataclasses are made, of which an import of dbt has many."""
    code = """
from tidemill_cli.watching import until_signalled
with until_signalled():
    exec("raise KeyboardInterrupt")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0


# What is to be seen when it has come so far.
PARSING = (
    "(select) as made where to_regclass('tidemill.tidemill_builds') is not null",
    "tidemill.tidemill_builds where status = 'running'",
)
COPYING = (
    "pg_stat_activity where application_name like 'tidemill tidemill\\_%' and state = 'active'"
    " and wait_event = 'PgSleep' and datname = current_database()",
)
NONE_LEFT = (
    "(select) as gone where not exists (select from pg_stat_activity"
    " where application_name like 'tidemill%' and datname = current_database())"
)


@pytest.mark.parametrize(
    ("sights", "number"),
    [(PARSING, signal.SIGTERM), (COPYING, signal.SIGTERM), (COPYING, signal.SIGINT)],
    ids=["while it parses", "while it copies", "Ctrl-C while it copies"],
)
def test_a_signal_ends_the_run_that_is_under_way(
    begin: Begin,
    tidemill: Tidemill,
    billing: str,
    stub: Path,
    sights: tuple[str, ...],
    number: signal.Signals,
) -> None:
    project = write_copying_project(stub)
    copying(project, "t3", also=SLOWLY)
    process = begin(project)
    with psycopg.connect(billing, autocommit=True) as session:
        for sight in sights:
            wait_for(session, sight)

        assert end(process, number) == ["Running every 1h; Ctrl-C or SIGTERM ends it.", "Stopped."]

        wait_for(session, NONE_LEFT)
        session.execute("create table hurry ()")
    assert "interrupted" in tidemill("status", "--dsn", billing).stdout
    again = tidemill("run", "--dsn", billing, "--project-dir", str(project))
    assert again.exit_code == 0, again.stderr
    assert amounts(billing) == [1] * len(TABLES)
    left = query(billing, "select count(*) from pg_namespace where nspname like 'tidemill\\_2%'")
    assert left[0][0] <= 2  # what was published, and one to look at
