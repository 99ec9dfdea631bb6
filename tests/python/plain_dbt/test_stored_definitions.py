"""dbt alone builds nothing by other definitions than the database holds, and says what to do."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable

import psycopg
import pytest

from .in_process import InProcess, part_of_the_project

Stored = dict[str, str]


@pytest.fixture(scope="module")
def project(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    files = ("models/inputs/_inputs__sources.yml", "models/canonical/definitions.sql")
    root = part_of_the_project(tmp_path_factory.mktemp("stored"), *files)
    project = InProcess(new_database(), tmp_path_factory.mktemp("refusing"), root=root)
    assert run(project)[0], "without a table there is nothing to check"
    return project


def run(project: InProcess, *words: str, **variables: object) -> tuple[bool, str]:
    """Whether a run succeeded, and what it said on one line."""
    done = project.dbt(*(words or ("run",)), variables=variables)
    return done.returncode == 0, re.sub(r"\s+", " ", f"{done.stdout}\n{done.stderr}")


def store(project: InProcess, stored: Stored) -> None:
    with psycopg.connect(project.dsn) as connection:
        connection.execute("drop schema if exists tidemill_core cascade")
        connection.execute("truncate tidemill_inputs.definitions")
        for option, value in stored.items():
            connection.execute(
                "insert into tidemill_inputs.definitions values (%s, %s, now(), 'somebody')",
                (option, value),
            )


def built(project: InProcess) -> Stored:
    """The definitions that were built with; none if nothing was."""
    with psycopg.connect(project.dsn) as connection:
        if connection.execute("select to_regclass('tidemill_core.definitions')").fetchone() == (
            None,
        ):
            return {}
        rows = connection.execute("select option, value from tidemill_core.definitions")
        return dict(rows.fetchall())


# As `tidemill definitions set` writes them: instants, decimals, lists, nulls, quotes.
WRITTEN: list[Stored] = [
    {"exclude_customers": '["O\'Brien", "kind=caf\\u00e9"]', "committed_horizons": "[7, 30]"},
    {"as_reported_at": "2026-03-31T00:00:00Z", "week_factor": "4.33"},
    {"netting": "month", "churn_date": "cancel_effective"},
    {"gross_margin": "0.80", "ltv_window_months": "12", "reporting_currency": "EUR"},
    {"as_reported_at": "2026-03-31", "discount_as_movement": "separate_type"},
    {"net_includes_reactivation": "true", "reactivation_max_gap_days": "30"},
]


@pytest.mark.parametrize(
    "stored",
    [*WRITTEN[:1], *(pytest.param(one, marks=pytest.mark.slow) for one in WRITTEN[1:])],
)
def test_a_run_by_others_is_refused_and_what_it_says_can_be_pasted(
    project: InProcess, stored: Stored
) -> None:
    store(project, stored)

    succeeded, said = run(project, tidemill_max_row_loss=0.9)

    assert not succeeded
    assert built(project) == {}
    for option, value in stored.items():
        assert re.search(rf"tidemill_{option} is '\S.*?' here and '{re.escape(value)}'", said), said
    assert "in tidemill_inputs.definitions: run `dbt run --vars '" in said
    assert "`tidemill definitions unset " in said
    pasted = re.search(r"run `(dbt run --vars .*?)`, or `tidemill", said)
    assert pasted
    *_, variables = shlex.split(pasted[1])
    named = json.loads(variables)
    assert named["tidemill_max_row_loss"] == 0.9, "what was named before is kept"
    succeeded, said = run(project, **named)
    assert succeeded, said
    assert {option: built(project)[option] for option in stored} == stored


def test_options_that_nobody_chose_are_the_projects_own(project: InProcess) -> None:
    store(project, {"netting": "month"})

    succeeded, said = run(project, tidemill_netting="month", tidemill_mrr_tax="include")

    assert succeeded, said
    assert built(project)["mrr_tax"] == "include"


def test_what_is_stored_of_another_release_is_nobodys_business(project: InProcess) -> None:
    store(project, {"no_longer_an_option": "1"})

    succeeded, said = run(project)

    assert succeeded, said


@pytest.mark.parametrize("command", ["compile", "parse", "seed"])
def test_only_what_builds_metrics_is_refused(project: InProcess, command: str) -> None:
    store(project, {"netting": "month"})

    succeeded, said = run(project, command)

    assert succeeded, said
