"""Real servers, where there is what they need."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from . import database, server
from .artifacts import KILL_BILL, fetched, missing

Start = Callable[[], AbstractContextManager[server.Running]]


@pytest.fixture(scope="session")
def kill_bill() -> Start:
    """Starts a server on an empty database, and stops it afterwards."""
    if reason := missing():
        if os.environ.get("TIDEMILL_REQUIRE_JAVA") == "1":
            pytest.fail(reason)
        pytest.skip(reason)

    @contextmanager
    def start() -> Iterator[server.Running]:
        with database.running(fetched(KILL_BILL)) as found, server.running(found) as running:
            yield running

    return start
