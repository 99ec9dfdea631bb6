"""Proof that random histories of Kill Bill find mistakes: each mutant differs from the truth.

Every mutant is tried on one history after the other, with the prices of the catalog, until an
interval differs; the SQL as it is differs on none of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from properties.killbill.actions import Action
from properties.killbill.build import INTERVALS, KillBillBuild, Row, killbill_build
from properties.killbill.catalogue import END
from properties.killbill.compare import differences
from properties.killbill.histories import histories
from properties.killbill.play import Played, play
from reference.killbill.truth import subscription_intervals

from .killbill import MUTANTS
from .mutants import Mutant

pytestmark = pytest.mark.slow

EXAMPLES = 80
SEEDS = 4
PRICES = "catalog"


@dataclass(frozen=True)
class Told:
    """A history, and what of it is true."""

    story: str
    played: Played
    rows: list[Row]


@dataclass(frozen=True)
class Bench:
    """An empty build, and the histories to try it on."""

    build: KillBillBuild
    histories: list[Told]

    def differs(self, build: KillBillBuild, told: Told) -> bool:
        """Whether the models give other intervals than the true ones."""
        return bool(differences(told.rows, build.table(told.played, INTERVALS, PRICES)))


@pytest.fixture(scope="module")
def bench(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("mutation")
    with killbill_build(new_database(), folder, [INTERVALS]) as build:
        yield Bench(build, told())


def told() -> list[Told]:
    """Random histories, from several seeds: one alone repeats itself."""
    found: list[Told] = []

    @settings(
        max_examples=EXAMPLES // SEEDS,
        phases=[Phase.generate],
        database=None,
        derandomize=False,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(history=histories())
    def collect(history: list[Action]) -> None:
        played = play(history)
        found.append(Told(repr(history), played, subscription_intervals(played.told, END)))

    for number in range(SEEDS):
        seed(number)(collect)()
    return found


def test_the_models_as_they_are_differ_on_no_history(bench: Bench) -> None:
    differing = [told.story for told in bench.histories if bench.differs(bench.build, told)]
    assert not differing, f"{len(differing)} histories differ, the first:\n{differing[0]}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: str(mutant.name))
def test_a_mistake_is_found(bench: Bench, mutant: Mutant) -> None:
    with mutant.made(bench.build.connection, bench.build.models[PRICES]) as models:
        wrong = replace(bench.build, models={PRICES: models})
        tried = next(
            (n for n, told in enumerate(bench.histories, 1) if bench.differs(wrong, told)), 0
        )
    assert tried, f"{len(bench.histories)} histories do not find it: {mutant.mistake}"
    print(f"found by history {tried}")
