"""A refresh leaves what a whole build of the same rows would make at the same instant."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from reference.surface.builders import AS_OF, SurfaceRows
from reference.surface.options import Options

from .build import SurfaceBuild, SurfaceProject
from .edits import Step, beginnings, step_to, steps
from .histories import Example, examples
from .option_sets import SETS, covering_sets
from .refreshing import MADE, NEEDS_WHOLE_BUILD, Refreshing, Relations

QUICK = 1
# Examples for each set, at most: each is refreshed, and built twice.
MOST = 16
SHARE = 0.6
MANY_BYTES = "> 64 * 1024 * 1024"
NUMBERS = [
    pytest.param(number, marks=[pytest.mark.slow] * (number >= QUICK)) for number in range(SETS)
]


class Compared:
    """Refreshes, and whole builds, under the same options."""

    def __init__(self, build: SurfaceBuild, refreshing: Refreshing) -> None:
        """Nothing has been refreshed yet."""
        self.build = build
        self.refreshing = refreshing
        self.refreshed = 0

    def check(self, example: Example, begun: datetime, found: list[Step]) -> None:
        with self.build.filled(**vars(example), later=begun - AS_OF):
            self.refreshing.begin(begun)
            for step in found:
                try:
                    self.refreshing.refresh(step)
                except psycopg.Error as error:
                    if error.sqlstate != NEEDS_WHOLE_BUILD:
                        raise
                    event("needs a whole build")
                    return
            refreshed = self.refreshing.read()
        self.refreshed += 1
        last = found[-1]
        with self.build.filled(**vars(last.example), later=last.now - AS_OF):
            whole = self.refreshing.read()
        assert not _differences(refreshed, whole)


def _differences(refreshed: Relations, whole: Relations) -> list[str]:
    """Some rows of each relation that only one of the two has."""
    return [
        f"{name}: {kind} {row}"
        for name in whole
        for kind, rows in (
            ("only refreshed", refreshed[name] - whole[name]),
            ("only built", whole[name] - refreshed[name]),
        )
        for row in sorted(rows)[:2]
    ]


@pytest.fixture(scope="module")
def project(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> SurfaceProject:
    """Of two engines, of which only one may have something new."""
    folder = tmp_path_factory.mktemp("surface")
    return SurfaceProject(new_database(), folder, AS_OF, {"other": "stripe"})


@pytest.fixture(scope="module")
def made(project: SurfaceProject) -> str:
    return project.rendered(MADE)


@pytest.fixture(scope="module")
def compared(
    request: pytest.FixtureRequest, project: SurfaceProject, made: str
) -> Iterator[Compared]:
    variables = covering_sets()[request.param]
    # Every other set copies parts, as refreshes do where there are many rows.
    assert MANY_BYTES in made
    made = made.replace(MANY_BYTES, "> 0") if request.param % 2 == 0 else made
    with project.under(variables) as build:
        days_ahead = Options.of(variables).committed_horizons
        compared = Compared(build, Refreshing(build, project.manifest(), made, days_ahead))
        yield compared
        # Not only such as end with the wish for a whole build.
        assert compared.refreshed > 0


@pytest.mark.parametrize("compared", NUMBERS, indirect=True)
@settings(max_examples=min(int(settings.default.max_examples * SHARE), MOST))
@given(data=st.data(), example=examples())
def test_a_refresh_makes_what_a_whole_build_would(
    compared: Compared, data: st.DataObject, example: Example
) -> None:
    begun = data.draw(beginnings(example.surface))
    compared.check(example, begun, data.draw(steps(example, begun)))


@pytest.mark.parametrize("compared", [0], indirect=True)
def test_of_rows_that_say_the_same_one_may_go_or_come(compared: Compared) -> None:
    surface = SurfaceRows()
    issue = {"customer_id": "acme", "issue": "made_up", "severity": "error"}
    twice = [surface.add("data_issues", **issue) for _ in range(2)]
    two, one = (Example({**surface.rows, "data_issues": issues}) for issues in (twice, twice[:1]))
    compared.check(two, AS_OF, [step_to(one, AS_OF, two)])
    compared.check(one, AS_OF, [step_to(two, AS_OF, one)])


@pytest.mark.parametrize("compared", [0], indirect=True)
def test_a_planned_end_that_did_not_come_is_no_longer_believed_after_a_day(
    compared: Compared,
) -> None:
    surface = SurfaceRows()
    surface.item("2025-01-01", scheduled_end_at=AS_OF - timedelta(hours=12))
    example = Example(surface.rows)
    compared.check(example, AS_OF, [step_to(example, AS_OF + timedelta(hours=12), example)])


def _paying(amounts: Mapping[str, Sequence[tuple[str, str | None, int]]]) -> Example:
    surface = SurfaceRows()
    for customer, stretches in amounts.items():
        surface.customer(customer)
        for start, end, amount in stretches:
            surface.item(start, end, amount, subscription=customer, customer_id=customer)
    return Example(surface.rows)


@pytest.mark.parametrize("compared", [0], indirect=True)
def test_the_ten_largest_of_many_are_found_again(compared: Compared) -> None:
    many = {f"{number:02d}": [("2025-01-01", None, 10 * number)] for number in range(1, 15)}
    small = {**many, "02": [("2025-01-01", "2025-07-01", 20), ("2025-07-01", None, 25)]}
    tenth = {**small, "05": [("2025-01-01", "2025-06-01", 50)]}
    larger = {**tenth, "01": [("2025-01-01", "2025-06-15", 10), ("2025-06-15", None, 200)]}
    largest = {**larger, "14": [("2025-01-01", None, 1)]}
    made = [_paying(each) for each in (many, small, tenth, larger, largest)]
    for before, after in pairwise(made):
        compared.check(before, AS_OF, [step_to(after, AS_OF, before)])
