"""A whole build in a process of its own: meanwhile the live numbers are kept fresh."""

from __future__ import annotations

import multiprocessing
import signal
import time
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import SpawnProcess
from typing import Any

import psycopg

from tidemill_cli.attempt import UNCHANGED
from tidemill_cli.console import without_narration
from tidemill_cli.errors import ExitCode, TidemillError, first_line
from tidemill_cli.runner import RunSummary, run_build

# Not a copy of this process, whose connections it would share.
_SPAWNING = multiprocessing.get_context("spawn")
_PAUSE_SECONDS = 5 * 60.0  # after one that failed


class BuildBeside:
    """At most one build at a time."""

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._told: Pipe | None = None
        self._not_before = 0.0

    @property
    def is_under_way(self) -> bool:
        """Whether one was begun whose end nobody has asked for."""
        return self._process is not None

    @property
    def has_ended(self) -> bool:
        """Whether `result` comes at once."""
        return self._told is not None and self._told.poll()

    def start(self, *arguments: Any) -> None:  # noqa: ANN401 - those of run_build
        """Do what `run_build` does, unless it is under way or has just failed."""
        if self.is_under_way or time.monotonic() < self._not_before:
            return
        self._told, tells = _SPAWNING.Pipe(duplex=False)
        self._process = _SPAWNING.Process(target=_build, args=(tells, *arguments))
        self._process.start()
        tells.close()

    def result(self) -> RunSummary:
        """What it came to; waits for it, and raises what it raised."""
        if self._process is None or self._told is None:
            raise ValueError("nothing was started")
        try:
            found = self._told.recv()
        except EOFError:
            found = TidemillError(f"the process that built everything was killed; {UNCHANGED}.")
        self._process.join()
        self._process, self._told = None, None
        if isinstance(found, RunSummary) and found.exit_code is ExitCode.OK:
            return found
        self._not_before = time.monotonic() + _PAUSE_SECONDS
        if isinstance(found, RunSummary):
            return found
        raise found

    def stop(self) -> None:
        """End it as SIGTERM ends a run; the numbers stay."""
        if self._process is not None:
            self._process.terminate()
            self._process.join()
            self._process, self._told = None, None


def _build(tells: Pipe, *arguments: Any) -> None:  # noqa: ANN401 - those of run_build
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with without_narration():
            tells.send(run_build(*arguments))
    except KeyboardInterrupt:
        pass
    except TidemillError as error:
        tells.send(error)
    except psycopg.Error as error:
        tells.send(TidemillError(f"the database said: {first_line(error)}"))
