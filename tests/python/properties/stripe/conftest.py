"""One build of the models for all histories."""

from collections.abc import Callable, Iterator

import pytest

from reference.metrics.relations import KEYS

from .build import INTERVALS, StripeBuild, stripe_build

METRICS = (*KEYS, "metric_mrr_movements", "data_issues", "definitions")


@pytest.fixture(scope="package")
def build(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StripeBuild]:
    names = [*METRICS, INTERVALS]
    with stripe_build(new_database(), tmp_path_factory.mktemp("project"), names) as b:
        yield b
