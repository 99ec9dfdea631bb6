"""One build of the models for the histories that are written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from properties.stripe.build import StripeBuild, stripe_build

NAMES = ("stripe__subscription_intervals", "stripe__trials", "stripe__data_issues")


@pytest.fixture(scope="package", params=["classic", "v1"])
def built(
    request: pytest.FixtureRequest,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[StripeBuild]:
    folder = tmp_path_factory.mktemp("money")
    with stripe_build(new_database(), folder, request.param, NAMES) as build:
        yield build
