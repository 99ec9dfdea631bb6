"""Random histories through the SQL models and through the reference: the same numbers.

The project is built once, on an empty Lago database. Each example loads its rows, fills every table
with the SQL that dbt compiled, reads the metrics, and rolls back: dbt runs only once, an example
takes a fraction of a second, and a failing one can shrink.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from hypothesis import given

from empty_build import empty_build, empty_session, refill
from project import fillings
from reference.items import Options
from tidemill_cli.demo.lago.engine import LagoEngine

from .actions import Action
from .catalogue import START
from .compare import METRICS, differences
from .histories import histories
from .mutations import Mutation, mutate, mutations
from .play import END, Played, play


@dataclass(frozen=True)
class Definitions:
    """One choice of definitions: for the models as vars, for the reference as options."""

    name: str
    variables: dict[str, str]
    options: Options


DEFAULT = Definitions("default", {}, Options())
OTHER = Definitions(
    "other",
    {
        "tidemill_reporting_timezone": "America/New_York",
        "tidemill_mrr_discounts": "all",
        "tidemill_mrr_start_at": "subscription_start",
        # with a trial that counts from its start, its first MRR converts nothing
        "tidemill_trial_converted_when": "first_payment",
        "tidemill_mrr_commitments": "exclude",
        "tidemill_week_factor": "4.33",
    },
    Options(
        reporting_timezone="America/New_York",
        mrr_discounts="all",
        mrr_start_at="subscription_start",
        mrr_commitments="exclude",
        week_factor="4.33",
    ),
)


# Not params of the fixture: hypothesis keeps the failing examples of each apart by this mark.
pytestmark = pytest.mark.parametrize(
    "definitions",
    [
        pytest.param(DEFAULT, id=DEFAULT.name),
        pytest.param(OTHER, id=OTHER.name, marks=pytest.mark.slow),
    ],
    indirect=True,
)


@pytest.fixture(scope="module")
def definitions(request: pytest.FixtureRequest) -> Definitions:
    chosen: Definitions = request.param
    return chosen


@dataclass(frozen=True)
class Built:
    """A session on an empty build, and the statements that fill it."""

    connection: psycopg.Connection[Any] = field(repr=False)
    refreshes: list[str] = field(repr=False)
    definitions: Definitions

    def check(self, played: Played) -> None:
        """Fill the build, compare every metric with the reference, and leave no trace."""
        try:
            refill(self.connection, self.refreshes, played)
            found = differences(self.connection, END, self.definitions.options)
        finally:
            self.connection.rollback()
        assert not found, "\n".join(found[:20])


@pytest.fixture(scope="module")
def built(
    definitions: Definitions,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Built]:
    dsn = new_database()
    project = empty_build(dsn, tmp_path_factory.mktemp("project"), END, definitions.variables)
    with empty_session(dsn) as connection:
        yield Built(connection, fillings(project.models(), METRICS), definitions)


@given(history=histories())
def test_any_history_gives_the_reference_numbers(built: Built, history: list[Action]) -> None:
    built.check(play(LagoEngine(seed=1, start=START), history))


@given(history=histories(), changes=mutations())
def test_any_history_with_late_lost_or_voided_rows_gives_the_reference_numbers(
    built: Built, history: list[Action], changes: list[Mutation]
) -> None:
    played = play(LagoEngine(seed=1, start=START), history)
    built.check(Played(mutate(played.rows, changes), played.history))
