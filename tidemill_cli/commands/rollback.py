"""`tidemill rollback`: point readers at the build before."""

from __future__ import annotations

from typing import Annotated

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import narrate


def rollback(
    build: Annotated[
        str | None,
        typer.Argument(metavar="BUILD", help="[default: the one published before the live one]"),
    ] = None,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Point readers at an earlier build, in one transaction; nothing is built or dropped.

    The next `tidemill run` publishes again what the project's options say.
    """
    from tidemill_cli.builds import BuildLog, choose_build
    from tidemill_cli.database.locks import take_run_lock
    from tidemill_cli.database.session import connect
    from tidemill_cli.facade import publish

    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with connect(connection, "tidemill rollback") as session:
        take_run_lock(session)
        chosen = choose_build(session, connection.schema, build)
        published = publish(session, connection.schema, chosen.build)
        BuildLog(session, connection.schema).switched(chosen.build)
    narrate(
        f"{len(published.views)} relations in schema {connection.schema} are those of build "
        f"{chosen.build} now, as of {chosen.as_of:%Y-%m-%d %H:%M:%S %Z}."
    )
