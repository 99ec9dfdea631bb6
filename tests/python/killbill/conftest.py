"""A server that can read XML, and builds of the models for rows that are written by hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from servers import running

from .built import KillbillBuild, killbill_build
from .libxml_server import find_server
from .surface import Surface, surface_build


@pytest.fixture(scope="session")
def libxml() -> Iterator[str]:
    """The DSN of an empty database on a server with libxml."""
    binaries = find_server()
    if binaries is None:
        reason = "no PostgreSQL with libxml is installed (/usr/lib/postgresql/*/bin)"
        if os.environ.get("TIDEMILL_REQUIRE_LIBXML") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with running(binaries, "fsync=off") as server:
        yield server.dsn


@pytest.fixture(scope="package")
def built(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KillbillBuild]:
    names = ("int_killbill__priced_states", "int_killbill__price_issues")
    with killbill_build(new_database(), tmp_path_factory.mktemp("killbill"), names) as build:
        yield build


@pytest.fixture(scope="package")
def surface(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Surface]:
    """The surface over an empty Kill Bill."""
    with surface_build(new_database(), tmp_path_factory.mktemp("surface")) as build:
        yield build
