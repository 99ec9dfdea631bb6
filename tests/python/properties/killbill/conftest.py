"""One build of the models for all histories."""

from collections.abc import Callable, Iterator

import pytest

from .build import SURFACE, KillBillBuild, killbill_build


@pytest.fixture(scope="package")
def build(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KillBillBuild]:
    folder = tmp_path_factory.mktemp("project")
    with killbill_build(new_database(), folder, SURFACE) as made:
        yield made
