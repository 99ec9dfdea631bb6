"""A wrong option is refused by its name, in one sentence that says what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from .in_process import InProcess, part_of_the_project

WRONG: list[tuple[str, Any, str]] = [
    ("tidemill_mrr_discounts", "some", "set it to one of none, forever, recurring, all."),
    ("tidemill_mrr_start_at", "today", "set it to one of trial_end, subscription_start, first_"),
    ("tidemill_mrr_commitments", True, "set it to one of include, exclude."),
    ("tidemill_week_factor", "5", "set it to one of 52/12, 4.33, 4."),
    ("tidemill_week_factor", None, "set it to one of 52/12, 4.33, 4."),
    ("tidemill_billing_sources", "lago", "set it to a list such as [lago]."),
    ("tidemill_billing_sources", [], "set it to a list such as [lago]."),
    ("tidemill_reporting_timezone", "Mars/Olympus", "set it to an IANA zone"),
    ("tidemill_reporting_timezone", "O'Brien", "set it to an IANA zone"),
    ("tidemill_reporting_timezone", None, "set it to an IANA zone"),
    ("tidemill_tenant_timezones", "acme=Europe/Paris", "set it to a list of zones by tenant"),
    ("tidemill_tenant_timezones", ["Europe/Paris"], "set it to a list of zones by tenant"),
    ("tidemill_tenant_timezones", ["acme=Mars/Olympus"], "set it to zones by tenant such as"),
    ("tidemill_max_row_loss", 1.5, "set it to a share from 0 to 1."),
    ("tidemill_max_row_loss", "half", "set it to a share from 0 to 1."),
    ("tidemill_as_of", "yesterday-ish", "set it to an instant"),
    ("tidemill_as_of", "it's 5 o'clock", "set it to an instant"),
    ("tidemill_as_of", "2026-03-31 and more", "set it to an instant"),
    ("tidemill_lago_schema", "no_such_schema", "set it to the schema that holds Lago's tables."),
]
# A source without a folder is refused by dbt itself, which names the model it misses, before any
# macro runs; `tidemill run` names the option.


@pytest.fixture(scope="module")
def project(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    root = part_of_the_project(tmp_path_factory.mktemp("options"))
    return InProcess(new_database(), tmp_path_factory.mktemp("refusing"), root=root)


def run(project: InProcess, **variables: object) -> tuple[bool, str]:
    """Whether the run succeeded, and what it said."""
    done = project.dbt("run", variables=variables)
    return done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def clear(project: InProcess) -> None:
    with psycopg.connect(project.dsn) as connection:
        connection.execute("drop schema if exists tidemill_core cascade")


def is_built(project: InProcess) -> bool:
    with psycopg.connect(project.dsn) as connection:
        found = connection.execute("select to_regclass('tidemill_core.as_of')").fetchone()
    return found != (None,)


@pytest.mark.parametrize(
    ("option", "value", "advice"),
    [pytest.param(*wrong, id=f"{wrong[0]}={wrong[1]}") for wrong in WRONG],
)
def test_a_wrong_value_is_refused_by_name(
    project: InProcess, option: str, value: object, advice: str
) -> None:
    clear(project)
    succeeded, said = run(project, **{option: value})
    assert not succeeded
    assert re.search(rf"{option} is '{re.escape(str(value))}': {re.escape(advice)}", said), said
    assert not is_built(project)


@pytest.mark.parametrize(
    "as_of", ["2026-03-31", "2026-03-31T12:30:00Z", "2026-03-31 12:30:00.5+01"]
)
def test_an_instant_may_be_written_in_several_ways(project: InProcess, as_of: str) -> None:
    succeeded, said = run(project, tidemill_as_of=as_of)
    assert succeeded, said


def test_the_values_that_come_with_the_project_are_right(project: InProcess) -> None:
    succeeded, said = run(project)
    assert succeeded, said
    assert is_built(project)
