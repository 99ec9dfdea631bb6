"""Tidemill as a package of somebody's own dbt project, with a source and an option of their own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
import yaml

from project import ROOT

from .in_process import InProcess

EXAMPLE = ROOT / "examples" / "own_project"
PAGE = ROOT / "docs" / "adding_a_source.md"


@pytest.fixture(scope="module")
def dsn(new_database: Callable[[], str]) -> str:
    """A company's own billing ledger."""
    made = new_database()
    with psycopg.connect(made, autocommit=True) as session:
        session.execute("set timezone = 'UTC'")
        session.execute((EXAMPLE / "billing.sql").read_text())  # type: ignore[arg-type] - a file of ours
    return made


@pytest.fixture(scope="module")
def project(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    """A copy of the example, built by dbt alone."""
    root = tmp_path_factory.mktemp("own") / "project"
    shutil.copytree(EXAMPLE, root)
    packages = yaml.safe_load((root / "packages.yml").read_text())
    assert packages == {"packages": [{"local": "../.."}]}
    (root / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(ROOT)}]}))
    project = InProcess(dsn, tmp_path_factory.mktemp("own_target"), root=root)
    deps = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--log-path", str(project.folder), "deps"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert deps.returncode == 0, deps.stdout + deps.stderr
    project.build()
    return project


def rows(dsn: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as session:
        return session.execute(query).fetchall()  # type: ignore[arg-type] - one of these tests'


def test_the_ledger_of_the_company_has_metrics(project: InProcess) -> None:
    months = rows(
        project.dsn,
        "select period_start::text, sum(mrr) from tidemill.metric_mrr where grain = 'month' "
        "and period_start between '2025-01-01' and '2025-10-01' group by 1 order by 1",
    )
    # 3 seats at 10 less 20 %; with 2 at 600 a year after the trial; 5 seats from June; one leaves.
    levels = [24, 24, 124, 124, 124, 140, 140, 140, 140, 40]
    assert months == [
        (f"2025-{number:02d}-01", Decimal(level)) for number, level in enumerate(levels, start=1)
    ]
    moved = rows(
        project.dsn,
        "select movement_date::text, movement_type, reason, amount from "
        "tidemill.metric_mrr_movements where customer_id = '1' order by movement_date, sequence",
    )
    # 2 seats more at 10, of which 20 % is 4: in all it is 16 more.
    assert moved == [
        ("2025-01-10", "new", "subscription", Decimal(24)),
        ("2025-06-01", "expansion", "quantity", Decimal(20)),
        ("2025-06-01", "expansion", "discount", Decimal(-4)),
    ]
    trials = rows(
        project.dsn,
        "select trials_started, trials_converted from tidemill.metric_trials "
        "where grain = 'year' and dimension = 'total'",
    )
    assert trials == [(1, 1)]


def test_an_option_of_the_project_overrides_the_package(project: InProcess) -> None:
    chosen = rows(
        project.dsn,
        "select option, value from tidemill.metric_definitions where not is_default order by 1",
    )
    assert chosen == [("mrr_discounts", "all"), ("reporting_timezone", "Europe/Berlin")]
    # Midnight in UTC is the day that has begun in Berlin.
    last = rows(
        project.dsn,
        "select movement_date::text from tidemill.metric_mrr_movements "
        "where movement_type = 'churn'",
    )
    assert last == [("2025-10-01",)]


def test_a_model_of_the_project_reads_a_metric(project: InProcess) -> None:
    found = rows(
        project.dsn,
        "select country, mrr from tidemill_reports.mrr_by_country "
        "where period_start = '2025-09-01' order by 1",
    )
    assert found == [("DE", Decimal(40)), ("US", Decimal(100))]


def test_a_refresh_follows_the_rows_of_the_source(project: InProcess) -> None:
    with psycopg.connect(project.dsn) as session:
        session.execute("update billing.contracts set seats = 6 where id = 11")
    with psycopg.connect(project.dsn, autocommit=True) as session:
        session.execute("begin isolation level repeatable read")
        session.execute("call tidemill_core.refresh(now())")
        session.execute("commit")

    latest = rows(
        project.dsn,
        "select sum(mrr) from tidemill.metric_mrr where grain = 'month' and not is_complete",
    )
    assert latest == [(Decimal(48),)]
    recipes = {
        name for (name,) in rows(project.dsn, "select name from tidemill_core.refresh_recipes")
    }
    assert "homegrown__subscription_intervals" in recipes
    assert "mrr_by_country" not in recipes, "it is not Tidemill's to refresh"


def test_explain_leads_to_the_rows_of_the_company(project: InProcess, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tidemill_cli", "explain", "mrr", "--customer", "1"]
    told = subprocess.run(
        [*command, "--dsn", project.dsn, "--as-of", "2025-05"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 0, told.stderr
    assert "EUR 30.00 per month less EUR 6.00 of discounts = EUR 24.00 a month" in told.stdout
    assert "contracts:10" in told.stdout
    assert "cents_per_seat = 1000" in told.stdout


def test_the_page_names_files_that_there_are() -> None:
    named = re.findall(r"`(macros/\w+\.sql|packages\.yml|dbt_project\.yml)`", PAGE.read_text())
    assert len(named) > 2
    for name in named:
        assert (EXAMPLE / name).is_file(), name
