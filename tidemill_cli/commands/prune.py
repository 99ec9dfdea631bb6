"""`tidemill prune`: drop builds that nobody needs."""

from __future__ import annotations

from typing import Annotated

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import narrate


def prune(
    keep: Annotated[
        int, typer.Option("--keep", min=1, help="Published builds to keep, the live one included.")
    ] = 2,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Drop old builds, but never the live one, and none that a view of yours reads.

    Every run does the same when it has published. The captured history is not a build: it stays.
    """
    from tidemill_cli.builds import BuildLog
    from tidemill_cli.database.locks import take_run_lock
    from tidemill_cli.database.session import connect

    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with connect(connection, "tidemill prune") as session:
        take_run_lock(session)
        dropped = BuildLog(session, connection.schema).prune(keep)
    narrate(f"Dropped {', '.join(dropped)}." if dropped else "There is nothing to drop.")
