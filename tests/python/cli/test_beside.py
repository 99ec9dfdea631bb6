"""What becomes of a build in a process beside."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tidemill_cli.beside import BuildBeside
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.errors import TidemillError
from tidemill_cli.project import find_project


@pytest.fixture
def beside() -> Iterator[BuildBeside]:
    """One is under way, and cannot reach its server."""
    connection = resolve(ConnectionOptions(dsn="host=/nowhere dbname=none"), {})
    beside = BuildBeside()
    beside.start(connection, find_project(None), {}, 60.0)
    yield beside
    beside.stop()


def test_its_error_is_told_and_it_is_not_begun_again_at_once(beside: BuildBeside) -> None:
    assert beside.is_under_way
    with pytest.raises(TidemillError, match="/nowhere"):
        beside.result()
    assert not beside.is_under_way
    beside.start()
    assert not beside.is_under_way


def test_one_that_is_killed_is_an_error(beside: BuildBeside) -> None:
    assert beside._process
    assert beside._process.pid
    os.kill(beside._process.pid, signal.SIGKILL)
    with pytest.raises(TidemillError, match="was killed; the numbers built before stay"):
        beside.result()


def test_it_ends_when_it_is_stopped(beside: BuildBeside) -> None:
    process = beside._process
    beside.stop()
    assert process
    assert process.exitcode is not None
    assert not beside.is_under_way
