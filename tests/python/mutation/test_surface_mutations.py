"""Proof that surfaces find mistakes: each mutant of the SQL differs from the reference on one.

Random surfaces follow some by hand, for rules that few random ones meet. Every mutant is tried on
one after the other until the relation that must notice it differs; there the SQL as it is must not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from project import Model
from reference.metrics.cac import Spend
from reference.metrics.compare import differences_from
from reference.metrics.cuts import Rows
from reference.metrics.relations import metrics
from reference.metrics.segments import Condition
from reference.surface.books import Books, compute
from reference.surface.builders import AS_OF
from surface.build import SurfaceBuild, SurfaceProject
from surface.compare import ledger_differences
from surface.conftest import project as project
from surface.histories import Example, examples

from . import surface_ledger, surface_metrics, surface_segments
from .handwritten import handwritten
from .mutants import Mutant
from .surface_ledger import LEDGER

pytestmark = pytest.mark.slow

EXAMPLES = 120
SEEDS = 8
# Those under the same options follow each other: the project is compiled once for them.
MUTANTS = sorted(
    (*surface_ledger.MUTANTS, *surface_metrics.MUTANTS, *surface_segments.MUTANTS),
    key=lambda mutant: repr(mutant.options),
)


@dataclass
class Bench:
    """A build under some options, and what the reference says of each example."""

    build: SurfaceBuild
    variables: Mapping[str, Any]
    examples: Sequence[Example]
    _books: dict[int, Books] = field(default_factory=dict)
    _expected: dict[int, dict[str, Rows]] = field(default_factory=dict)

    def differs(self, models: Sequence[Model], relation: str, number: int) -> bool:
        """Whether a relation differs from the reference on an example."""
        example = self.examples[number]
        books = self.books(number)
        shown = {LEDGER, "data_issues"} if relation == LEDGER else {relation}
        needed = shown.union(*(model.ancestors for model in models if model.name in shown))
        with self.build.filled(
            example.surface,
            rates=example.rates,
            fixed_rates=example.fixed_rates,
            spend=example.spend,
            segments=example.segments,
            models=[model for model in models if model.name in needed],
        ) as connection:
            if relation == LEDGER:
                return bool(ledger_differences(connection, books))
            expected = {relation: self.expected(number)[relation]}
            return bool(differences_from(connection, "tidemill", expected))

    def books(self, number: int) -> Books:
        """The ledger of the reference."""
        if number not in self._books:
            one = self.examples[number]
            self._books[number] = compute(
                one.surface, self.variables, AS_OF, one.rates, one.fixed_rates
            )
        return self._books[number]

    def expected(self, number: int) -> dict[str, Rows]:
        """The metrics of the reference."""
        if number not in self._expected:
            one = self.examples[number]
            spend = [Spend(*row.values()) for row in one.spend]
            conditions = [Condition(**row) for row in one.segments]
            self._expected[number] = metrics(self.books(number), spend, conditions)
        return self._expected[number]


@pytest.fixture(scope="module")
def tried() -> list[Example]:
    """The same surfaces every time, from several seeds: one alone repeats itself."""
    found: list[Example] = []

    @settings(
        max_examples=EXAMPLES // SEEDS,
        phases=[Phase.generate],
        database=None,
        derandomize=False,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(example=examples())
    def collect(example: Example) -> None:
        found.append(example)

    for number in range(SEEDS):
        seed(number)(collect)()
    return [*handwritten(), *found]


@pytest.fixture(scope="module")
def bench(
    request: pytest.FixtureRequest, project: SurfaceProject, tried: list[Example]
) -> Iterator[Bench]:
    variables = {f"tidemill_{name}": value for name, value in request.param.items()}
    with project.under(variables) as build:
        yield Bench(build, variables, tried)


@pytest.mark.parametrize(
    ("bench", "mutant"),
    [pytest.param(m.options, m, id=m.name) for m in MUTANTS],
    indirect=["bench"],
    scope="module",
)
def test_a_mistake_is_found(bench: Bench, mutant: Mutant) -> None:
    with mutant.made(bench.build.connection, bench.build.models) as models:
        number = next(
            (n for n in range(len(bench.examples)) if bench.differs(models, mutant.noticed_in, n)),
            None,
        )
    assert number is not None, f"{len(bench.examples)} surfaces do not find it: {mutant.mistake}"
    assert not bench.differs(bench.build.models, mutant.noticed_in, number), "without it too"
    print(f"found by surface {number}")
