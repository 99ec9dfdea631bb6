"""One build for the histories that are written by hand, and a server that can read XML."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from .build import KillBillBuild, killbill_build
from .libxml_server import find_server, run_server


@pytest.fixture(scope="session")
def libxml() -> Iterator[str]:
    """The DSN of an empty database on a server with libxml."""
    binaries = find_server()
    if binaries is None:
        pytest.skip("no PostgreSQL with libxml is installed (/usr/lib/postgresql/*/bin)")
    with run_server(binaries) as dsn:
        yield dsn


@pytest.fixture(scope="package")
def built(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KillBillBuild]:
    """The models on a server without libxml, over an empty Kill Bill."""
    with killbill_build(new_database(), tmp_path_factory.mktemp("killbill")) as build:
        yield build
