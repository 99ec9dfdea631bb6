"""Proof that random histories find mistakes: each mutant of the SQL differs from the reference.

Random histories are the same every time as long as the same modules are imported: what only some
of them found stands among those written by hand. Every mutant is tried on one history after the
other until a metric differs; the SQL as it is differs on none of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from empty_build import empty_build, empty_session, refill
from project import Model, fillings
from properties.actions import Action, GiveCoupon, Subscribe, TakeCoupon
from properties.catalogue import START
from properties.compare import (
    METRICS,
    customer_differences,
    level_differences,
    movement_differences,
    waterfall_differences,
)
from properties.histories import histories
from properties.mutations import Mutation, mutate, mutations
from properties.play import END, Played, play
from reference.ledger import Result, compute
from tidemill_cli.demo.lago.engine import LagoEngine

from .lago import MUTANTS
from .mutants import Mutant

pytestmark = pytest.mark.slow

EXAMPLES = 150
SEEDS = 5


@dataclass(frozen=True)
class Example:
    """A history as rows, and the numbers that it comes to."""

    story: str
    played: Played
    result: Result


@dataclass(frozen=True)
class Bench:
    """A session on an empty build, the models that fill it, and the histories to try it on."""

    connection: psycopg.Connection[Any]
    models: list[Model]
    examples: list[Example]

    def differs(self, models: list[Model], example: Example) -> bool:
        """Whether a metric differs from the reference."""
        session, result = self.connection, example.result
        with session.transaction(force_rollback=True):
            refill(session, fillings(models, METRICS), example.played)
            return any(
                differences(session, "tidemill", result)
                for differences in (
                    level_differences,
                    movement_differences,
                    waterfall_differences,
                    customer_differences,
                )
            )


@pytest.fixture(scope="module")
def bench(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    dsn = new_database()
    project = empty_build(dsn, tmp_path_factory.mktemp("mutation"), END)
    with empty_session(dsn) as connection:
        yield Bench(connection, project.models(), examples())


def handwritten() -> list[tuple[list[Action], list[Mutation]]]:
    """Return what random histories seldom come to: what happens, and what is changed after it."""
    begin = START + timedelta(minutes=1)
    subscribed = Subscribe(begin, 0, 0, "basic")
    coupon = GiveCoupon(begin, 0, "fifth_three_times")
    return [
        # An end is planned for half a day ago, and the engine has not come to it.
        ([subscribed], [Mutation("plan_end", 0, 2)]),
        ([coupon, subscribed, TakeCoupon(START + timedelta(days=45), 0, 0)], []),
    ]


def examples() -> list[Example]:
    """The same random histories every time, from several seeds: one alone repeats itself."""
    found: list[Example] = []
    for history, changes in handwritten():
        found.append(_example(history, changes))

    @settings(
        max_examples=EXAMPLES // SEEDS,
        phases=[Phase.generate],
        database=None,
        derandomize=False,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(history=histories(), changes=mutations(min_size=2, max_size=12))
    def collect(history: list[Action], changes: list[Mutation]) -> None:
        example = _example(history, changes)
        # Where nothing moves there is little to get wrong.
        if example.result.movements:
            found.append(example)

    for number in range(SEEDS):
        seed(number)(collect)()
    return found


def _example(history: list[Action], changes: list[Mutation]) -> Example:
    played = play(LagoEngine(seed=1, start=START), history)
    rows = mutate(played.rows, changes)
    result = compute(rows, played.history, END)
    return Example(f"{history}\n{changes}", Played(rows, played.history), result)


def test_the_models_as_they_are_differ_on_no_history(bench: Bench) -> None:
    differing = [one.story for one in bench.examples if bench.differs(bench.models, one)]
    assert not differing, f"{len(differing)} histories differ, the first:\n{differing[0]}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: str(mutant.name))
def test_a_mistake_is_found(bench: Bench, mutant: Mutant) -> None:
    with mutant.made(bench.connection, bench.models) as models:
        tried = next(
            (n for n, one in enumerate(bench.examples, 1) if bench.differs(models, one)), 0
        )
    assert tried, f"{len(bench.examples)} histories do not find it: {mutant.mistake}"
    print(f"found by history {tried}")
