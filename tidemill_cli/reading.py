"""Read the billing tables at one instant, and get out of the way of whoever needs them."""

from __future__ import annotations

import time
from typing import Self

from tidemill_cli.config import Connection
from tidemill_cli.database import reading as statements
from tidemill_cli.database.reading import Snapshot
from tidemill_cli.database.session import connect
from tidemill_cli.dbt import Reads
from tidemill_cli.watchdog import Watchdog


class Reading(Watchdog):
    """Holds a snapshot until every copy is made, and watches over the copying.

    A context that ends with the run. `stopped` says why the copies are not to be used: somebody
    waited for a table, a table was rewritten or emptied meanwhile (an old snapshot reads it as
    empty), or the snapshot was held too long, which keeps vacuum from its work.
    """

    def __init__(
        self,
        connection: Connection,
        application_name: str,
        reads: Reads,
        limit_seconds: float,
    ) -> None:
        """Name whose sessions read, and what."""
        super().__init__(connection, application_name)
        self._uncopied = set(reads.models)
        self._tables = reads.tables
        self._limit = limit_seconds
        self.is_over_limit = False

    def __enter__(self) -> Self:
        """Take the snapshot, and begin to watch."""
        self._holder = connect(self._connection, "tidemill snapshot")
        # In this order: what is rewritten in between is noticed.
        self._files = statements.file_nodes(self._holder, self._tables)
        self.snapshot: Snapshot = statements.export_snapshot(self._holder)
        self._deadline = time.monotonic() + self._limit
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        """Let go of everything."""
        super().__exit__()
        self._holder.close()

    def finished(self, model: str) -> None:
        """A model was built, or failed; after the last copy the snapshot is let go."""
        self._uncopied.discard(model)

    def _look(self, *, is_last: bool) -> None:
        self._let_through()
        if not self._holder.closed:
            self._release_in_time(is_last=is_last)

    def _release_in_time(self, *, is_last: bool) -> None:
        if is_last or not self._uncopied:
            self._holder.close()
            files = statements.file_nodes(self._watcher, self._tables)
            for name, file in self._files.items():
                if files.get(name) != file:
                    self._stop(f"{name} was rewritten or emptied while it was being read")
        elif time.monotonic() > self._deadline:
            self.is_over_limit = True
            self._stop(
                f"the billing tables were not read within {self._limit:.0f} s, and for so long "
                "nothing could be vacuumed"
            )

    def _stop(self, why: str) -> None:
        """Let what is being read end now, and what is to be read fail, for want of its snapshot."""
        self._holder.close()
        super()._stop(why)
