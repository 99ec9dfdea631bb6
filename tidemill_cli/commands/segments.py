"""`tidemill segments`: customers that are looked at together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import emit, emit_json, narrate, table
from tidemill_cli.errors import TidemillError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidemill_cli.segments import Segment

app = typer.Typer(cls=options.ListsByDefault, add_completion=False, rich_markup_mode=None)


@app.callback()
def segments() -> None:
    """Customers to look at together; without a subcommand, which segments there are."""


@app.command("list")
def list_segments(
    as_json: options.Json = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Every segment, whom it is of, and how many customers the live numbers have in it."""
    from tidemill_cli.database import segments as stored
    from tidemill_cli.database.session import connect

    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with connect(connection, "tidemill segments") as session:
        found = stored.segments(session, connection.inputs_schema)
        members = stored.members(session, connection.schema)
    if as_json:
        emit_json(
            [
                {"segment": one.name, "customers": members.get(one.name), "of": str(one)}
                for one in found
            ]
        )
    elif found:
        lines = [
            [one.name, f"{members[one.name]:,}" if one.name in members else "", str(one)]
            for one in found
        ]
        emit(table(["segment", "customers", "of"], lines, numeric={1}))
    else:
        narrate("There are no segments: `tidemill segments load segments.yml` makes some.")


@app.command()
def load(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .yml file.")] = Path(
        "segments.yml"
    ),
    as_json: options.Json = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Load segments, for the next run to count.

    FILE has below the key segments a name and conditions per segment; docs/segments.md shows them.
    It takes the place of all segments there are. All of it is loaded, or nothing.
    """
    from tidemill_cli.builds import live_build
    from tidemill_cli.database import segments as stored
    from tidemill_cli.database.inputs import SEGMENTS, write_segments
    from tidemill_cli.inputs import open_inputs
    from tidemill_cli.segments import read_segments

    found = read_segments(file)
    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with open_inputs(connection, "tidemill segments load") as session:
        build = live_build(session, connection.schema)
        if build:
            _check_attributes(file, found, stored.attribute_names(session, build))
        written = write_segments(session, connection.inputs_schema, found)
    name = f"{connection.inputs_schema}.{SEGMENTS}"
    narrate(
        f"Loaded {written.new:,} segment{'s' if written.new != 1 else ''} into {name}, in place of "
        f"{written.replaced:,}; the next `tidemill run` counts them."
    )
    if as_json:
        emit_json({"table": name, "segments": [one.name for one in found]})


def _check_attributes(file: Path, found: Sequence[Segment], known: set[str]) -> None:
    """An attribute that nobody has is mostly one that is misspelt."""
    from tidemill_cli.suggest import near_matches

    for segment in found:
        for name in sorted(segment.attributes() - known):
            near = near_matches(name, known)
            if near:
                raise TidemillError(
                    f"{file}, segment {segment.name}: no customer has an attribute {name}; did you "
                    f"mean {' or '.join(near)}?"
                )
            narrate(f"note: no customer has an attribute {name} (segment {segment.name}) yet.")
