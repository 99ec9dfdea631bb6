"""One build of the models for the histories that are written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from properties.stripe.build import StripeBuild, stripe_build

NAMES = ("stripe__subscription_intervals", "stripe__trials", "stripe__data_issues")


@pytest.fixture(scope="package")
def every_landing(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StripeBuild]:
    folder, generations = tmp_path_factory.mktemp("money"), ("v1", "classic", "v2")
    with stripe_build(new_database(), folder, NAMES, generations) as build:
        yield build


@pytest.fixture(params=["classic", "v1"])
def built(request: pytest.FixtureRequest, every_landing: StripeBuild) -> StripeBuild:
    return every_landing.over(request.param)
