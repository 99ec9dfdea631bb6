"""Servers that can read XML and that cannot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .libxml_server import find_server, run_server


@pytest.fixture(scope="session")
def libxml() -> Iterator[str]:
    """The DSN of an empty database on a server with libxml."""
    binaries = find_server()
    if binaries is None:
        pytest.skip("no PostgreSQL with libxml is installed (/usr/lib/postgresql/*/bin)")
    with run_server(binaries) as dsn:
        yield dsn
