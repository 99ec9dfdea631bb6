"""`tidemill run` with a source that has lost its rows: nothing is published, exit code 1."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from cli.conftest import Tidemill
from project import ROOT

SOURCES = """
sources:
  - name: stub
    schema: public
    tables: [{name: levels}]
"""
HOOKS = """
on-run-start: ["{{ check_config() }}", "{{ check_source_sizes() }}"]
on-run-end: ["{{ record_source_sizes(results) }}"]
"""


@pytest.fixture
def guarded(stub: Path) -> Path:
    """The small project, with the guard of the project itself."""
    for name in ("source_sizes.sql", "run_instant.sql", "materializations/in_place_table.sql"):
        shutil.copy(ROOT / "macros" / name, stub / "macros")
    (stub / "models/sources.yml").write_text(SOURCES)
    project = stub / "dbt_project.yml"
    lines = project.read_text().splitlines()
    kept = [line for line in lines if not line.startswith("on-run-start")]
    project.write_text("\n".join(kept) + HOOKS)
    return stub


def test_an_emptied_source_is_found_and_the_live_numbers_stay(
    tidemill: Tidemill, guarded: Path, levels: str
) -> None:
    words = ["run", "--dsn", levels, "--project-dir", str(guarded)]
    assert tidemill(*words).exit_code == 0
    with psycopg.connect(levels) as session:
        session.execute("delete from public.levels")

    stopped = tidemill(*words)

    assert stopped.exit_code == 1
    assert stopped.stderr.splitlines()[-1] == (
        "error: table public.levels has shrunk from 1 to 0 rows since a run last succeeded: "
        "restore it, or, if that is right, set tidemill_max_row_loss to 1 for one run. Nothing was "
        "published; the numbers built before stay as they were."
    )
    with psycopg.connect(levels) as session:
        assert session.execute("select sum(mrr) from tidemill.metric_mrr").fetchone() == (100,)

    allowed = tidemill(*words, "--vars", "tidemill_max_row_loss=1")
    assert allowed.exit_code == 0, allowed.stderr
    assert tidemill(*words).exit_code == 0


@pytest.mark.slow
def test_a_build_that_fails_its_tests_leaves_the_sizes_of_the_last_good_one(
    tidemill: Tidemill, guarded: Path, levels: str
) -> None:
    words = ["run", "--dsn", levels, "--project-dir", str(guarded)]
    assert tidemill(*words).exit_code == 0
    with psycopg.connect(levels) as session:
        session.execute("insert into public.levels select levels.* from public.levels")
        session.execute("update public.levels set mrr = -1")

    assert tidemill(*words).exit_code == 1
    with psycopg.connect(levels) as session:
        sizes = session.execute("select table_name, rows from tidemill_history.source_sizes")
        assert sizes.fetchall() == [("levels", 1)]
