"""Get out of the way of whoever waits for a billing table."""

from __future__ import annotations

import threading
from typing import Self

import psycopg

from tidemill_cli.config import Connection
from tidemill_cli.database import reading as statements
from tidemill_cli.database.session import connect

# Whoever waits for us is let through within two seconds, one of which may be the cancelling.
_LOOK_EVERY_SECONDS = 0.5


class Watchdog:
    """Watches over the sessions of one name, and stops them when somebody waits for them.

    A context around what they do; `stopped` says why they were stopped.
    """

    def __init__(self, connection: Connection, application_name: str) -> None:
        """Name whose sessions are watched."""
        self._connection = connection
        self._name = application_name
        self._is_over = threading.Event()
        self._in_the_way: set[int] = set()
        self.stopped: str | None = None

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._watcher = connect(self._connection, "tidemill watchdog")
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of everything."""
        self._is_over.set()
        self._thread.join()
        self._watcher.close()

    def _watch(self) -> None:
        try:
            is_last = False
            while not is_last:
                is_last = self._is_over.wait(_LOOK_EVERY_SECONDS)
                self._look(is_last=is_last)
        except psycopg.Error as error:
            self._stop(f"the billing tables could not be watched over ({error})")

    def _look(self, *, is_last: bool) -> None:
        """Look once more; nothing is left to be stopped the last time."""
        if not is_last:
            self._let_through()

    def _let_through(self) -> None:
        """Cancel what somebody waits for; who is still in the way the next time is ended."""
        waiting = statements.waiting_for(self._watcher, self._name)
        for pid in self._in_the_way & {one.blocker for one in waiting}:
            statements.terminate(self._watcher, pid)
        self._in_the_way = {one.blocker for one in waiting}
        if waiting:
            first = waiting[0]
            self._stop(f"process {first.pid} waited for what was being read ({first.statement})")

    def _stop(self, why: str) -> None:
        """Let what is being done end now."""
        self.stopped = self.stopped or why
        if not self._watcher.closed:
            statements.cancel_all(self._watcher, self._name)
