"""Proof that random histories of Stripe find mistakes: each mutant differs from the truth.

Every mutant is tried on one history after the other, as events, captures and invoices tell it,
until an interval differs where it may not; the SQL as it is differs on none of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from properties.stripe.actions import Subscribe
from properties.stripe.build import Row, StripeBuild, stripe_build
from properties.stripe.catalogue import START
from properties.stripe.compare import Unknown, differences
from properties.stripe.histories import Example, examples
from properties.stripe.play import Played
from properties.stripe.test_truth import licensed, played, truth
from properties.stripe.unknown import of_captures, of_events, of_landing

from .mutants import Mutant
from .stripe import MUTANTS

pytestmark = pytest.mark.slow

EXAMPLES = 60
SEEDS = 4


@dataclass(frozen=True)
class Told:
    """A history, what of it is true, and what each kind of source cannot know."""

    story: str
    played: Played
    rows: list[Row]
    unknown: dict[str, list[Unknown]]


@dataclass(frozen=True)
class Bench:
    """An empty build, and the histories to try it on."""

    build: StripeBuild
    histories: list[Told]

    def differs(self, build: StripeBuild, told: Told) -> bool:
        """Whether a kind of source gives other intervals than the true ones."""
        return any(
            differences(
                told.rows if kind == "events" else licensed(told.rows),
                intervals if kind == "events" else licensed(intervals),
                told.unknown[kind],
            )
            for kind in told.unknown
            for intervals in [
                build.intervals(told.played, events=kind == "events", captures=kind == "captures")
            ]
        )


@pytest.fixture(scope="module")
def bench(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("mutation")
    with stripe_build(new_database(), folder, generations=["v1"]) as build:
        yield Bench(build, [_told(each) for each in handwritten()] + histories())


def handwritten() -> list[Example]:
    """What random histories seldom have: each finds a mistake of which they may know nothing."""
    day = timedelta(days=1)
    # No invoice tells of the time before the subscription was made.
    begun = Subscribe(START + 40 * day, 0, 0, (("usage", 1),), starts_ago=25 * day)
    # It ends after the last invoice of the story.
    lowered = Subscribe(START + 250 * day, 0, 0, (("basic", 1),), coupons=("ten_for_three",))
    return [Example([begun], "acacia"), Example([lowered], "acacia")]


def histories() -> list[Told]:
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
    @given(example=examples())
    def collect(example: Example) -> None:
        found.append(_told(example))

    for number in range(SEEDS):
        seed(number)(collect)()
    return found


def _told(example: Example) -> Told:
    happened = played(example)
    rows = truth(happened)
    unknown = {
        "events": of_events(happened, rows, "v1"),
        "invoices": of_landing(happened, rows, "v1"),
        "captures": of_captures(happened, rows, "v1"),
    }
    return Told(repr(example), happened, rows, unknown)


def test_the_models_as_they_are_differ_on_no_history(bench: Bench) -> None:
    differing = [told.story for told in bench.histories if bench.differs(bench.build, told)]
    assert not differing, f"{len(differing)} histories differ, the first:\n{differing[0]}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: str(mutant.name))
def test_a_mistake_is_found(bench: Bench, mutant: Mutant) -> None:
    with mutant.made(bench.build.connection, bench.build.filled) as models:
        wrong = replace(bench.build, filled=models, changed=mutant.model)
        tried = next(
            (n for n, told in enumerate(bench.histories, 1) if bench.differs(wrong, told)), 0
        )
    assert tried, f"{len(bench.histories)} histories do not find it: {mutant.mistake}"
    print(f"found by history {tried}")
