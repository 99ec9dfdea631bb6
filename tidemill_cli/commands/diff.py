"""`tidemill diff`: what one build changed against another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import emit_json
from tidemill_cli.errors import TidemillError

if TYPE_CHECKING:
    from tidemill_cli.database.session import Session


def diff(
    before: Annotated[
        str | None,
        typer.Argument(metavar="BEFORE", help="[default: the build before AFTER]"),
    ] = None,
    after: Annotated[
        str | None, typer.Argument(metavar="AFTER", help="[default: the newest build]")
    ] = None,
    as_json: options.Json = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Per metric: the rows that one build added, removed and changed, and the largest change.

    Also of a build that failed its tests and was not published.
    """
    from tidemill_cli.comparing import compare, document, show
    from tidemill_cli.database.session import connect

    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with connect(connection, "tidemill diff") as session:
        old, new = _choose(session, connection.schema, before, after)
        found = compare(session, old, new)
    if as_json:
        emit_json(document(found))
    else:
        show(found)


def _choose(
    session: Session, schema: str, before: str | None, after: str | None
) -> tuple[str, str]:
    from tidemill_cli.builds import kept_builds

    names = [one.build for one in kept_builds(session, schema)]
    for wanted in (before, after):
        if wanted is not None and wanted not in names:
            raise TidemillError(
                f"there is no build {wanted} in schema {schema}: "
                f"{', '.join(names) or 'none'} {'is' if len(names) < 2 else 'are'} kept."
            )
    new = after or next((name for name in names if name != before), None)
    earlier = names[names.index(new) + 1 :] if new else []
    old = before or next(iter(earlier), None)
    if old is None or new is None:
        raise TidemillError(
            f"two builds are needed, and {len(names)} {'is' if len(names) == 1 else 'are'} kept "
            f"in schema {schema}: run `tidemill run` again."
        )
    return old, new
