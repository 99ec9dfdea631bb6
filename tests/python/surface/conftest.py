from collections.abc import Callable

import pytest

from reference.surface.builders import AS_OF

from .build import SurfaceProject


@pytest.fixture(scope="session")
def project(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> SurfaceProject:
    return SurfaceProject(new_database(), tmp_path_factory.mktemp("surface"), AS_OF)
