"""A running server, and the database that it fills."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from . import database, server
from .artifacts import KILL_BILL, fetched, missing


@dataclass(frozen=True)
class Running:
    """Where a server answers, and the DSN of its database."""

    address: str
    dsn: str


@pytest.fixture(scope="session")
def kill_bill() -> Iterator[Running]:
    if reason := missing():
        if os.environ.get("TIDEMILL_REQUIRE_JAVA") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with database.running(fetched(KILL_BILL)) as found, server.running(found) as address:
        yield Running(address, found.dsn)
