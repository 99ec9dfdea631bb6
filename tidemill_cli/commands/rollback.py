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

    The definitions that were chosen in the database (`tidemill definitions set`) go back with it,
    to those that the build was made by. The next `tidemill run` publishes again what they and the
    project's options say.
    """
    from tidemill_cli.builds import BuildLog, choose_build
    from tidemill_cli.database.builds import ensure_table
    from tidemill_cli.database.definitions import check_may_store, stored
    from tidemill_cli.database.locks import take_refresh_lock, take_run_lock
    from tidemill_cli.database.session import connect
    from tidemill_cli.definitions import changed
    from tidemill_cli.switching import switch

    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with connect(connection, "tidemill rollback") as session:
        take_run_lock(session)
        take_refresh_lock(session)
        chosen = choose_build(session, connection.schema, build)
        ensure_table(session, connection.schema)
        before = {
            option: one.value for option, one in stored(session, connection.inputs_schema).items()
        }
        # A build of a release that kept no definitions was made without any.
        changes = changed(before, chosen.definitions or {})
        if changes:
            check_may_store(session, connection.inputs_schema)
        log = BuildLog(session, connection.schema)
        published = switch(
            session, connection, chosen.build, changes, lambda: log.switched(chosen.build)
        )
    narrate(
        f"{len(published.views)} relations in schema {connection.schema} are those of build "
        f"{chosen.build} now, as of {chosen.as_of:%Y-%m-%d %H:%M:%S %Z}."
    )
    for option, text in changes.items():
        now = "left to dbt_project.yml" if text is None else text
        narrate(f"Definition {option} is {now} again; it was {before.get(option, 'not chosen')}.")
