"""Point readers at a build, and change in the same transaction what is said about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tidemill_cli.builds import live_build
from tidemill_cli.config import Connection
from tidemill_cli.database import definitions
from tidemill_cli.database.session import Session
from tidemill_cli.facade import Published, publish


def switch(
    session: Session,
    connection: Connection,
    build: str,
    changes: Mapping[str, str | None],
    record: Callable[[], None],
) -> Published:
    """Publish a build with the changes of the definitions that it was made by.

    Whoever reads finds old numbers and old definitions, or the new ones of both.
    """
    facade = connection.schema

    def also() -> None:
        record()
        definitions.store(session, connection.inputs_schema, changes)
        definitions.record_published(session, f"{facade}_history", build)

    live = live_build(session, facade)
    before, after = (definitions.set_of(session, one) if one else None for one in (live, build))
    is_another_set = before is not None and after is not None and before != after
    return publish(session, facade, build, also=also, only_together=bool(changes) or is_another_set)
