"""`tidemill definitions`: what the numbers mean, and how to change it."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidemill_cli.commands import options
from tidemill_cli.commands.building import build_and_show
from tidemill_cli.config import Connection, ConnectionOptions, resolve
from tidemill_cli.console import emit, emit_json, narrate, table
from tidemill_cli.errors import TidemillError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tidemill_cli.catalogue import Catalogue
    from tidemill_cli.chosen import Chosen


app = typer.Typer(cls=options.ListsByDefault, add_completion=False, rich_markup_mode=None)


@app.callback()
def definitions() -> None:
    """What the numbers mean, and how to change it; without a subcommand, what is in force."""


@app.command("list")
def list_definitions(
    as_json: options.Json = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    project_dir: options.ProjectDir = None,
) -> None:
    """Every definition in force, its default, who chose it when, and what is served."""
    from tidemill_cli.catalogue import read_catalogue
    from tidemill_cli.chosen import look_up
    from tidemill_cli.database.session import connect
    from tidemill_cli.project import find_project

    catalogue = read_catalogue(find_project(project_dir))
    connection = resolve(ConnectionOptions(dsn, profiles_dir, project_dir, target, schema))
    with connect(connection, "tidemill definitions") as session:
        found = look_up(session, connection, catalogue)
    if as_json:
        emit_json(_document(found, connection))
        return
    emit(_table(found))
    narrate(_about_served(found))


@app.command("set")
@options.with_run_options
def set_definitions(
    asked: options.RunOptions,
    words: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...")],
    no_switch: options.NoSwitch = False,
    as_json: options.Json = False,
) -> None:
    """Change definitions for good: build with them, test, show what they change, then switch.

    Readers see the old definitions and numbers until the switch, and the new ones of both after it.
    When anything fails, or is interrupted, both stay as they were.
    """
    from tidemill_cli.catalogue import read_catalogue
    from tidemill_cli.definitions import parse_changes
    from tidemill_cli.project import find_project

    catalogue = read_catalogue(find_project(asked.project_dir))
    _change(
        asked,
        catalogue,
        parse_changes(words, catalogue),
        command="tidemill definitions set",
        no_switch=no_switch,
        as_json=as_json,
    )


@app.command("unset")
@options.with_run_options
def unset_definitions(
    asked: options.RunOptions,
    words: Annotated[list[str], typer.Argument(metavar="KEY...")],
    no_switch: options.NoSwitch = False,
    as_json: options.Json = False,
) -> None:
    """Go back to the defaults of dbt_project.yml, in the same way."""
    from tidemill_cli.catalogue import read_catalogue
    from tidemill_cli.project import find_project

    catalogue = read_catalogue(find_project(asked.project_dir))
    _change(
        asked,
        catalogue,
        dict.fromkeys(catalogue.option(word) for word in words),
        command="tidemill definitions unset",
        no_switch=no_switch,
        as_json=as_json,
    )


def _change(
    asked: options.RunOptions,
    catalogue: Catalogue,
    changes: Mapping[str, str | None],
    **how: Any,  # noqa: ANN401 - passed on
) -> None:
    from tidemill_cli.catalogue import PREFIX
    from tidemill_cli.chosen import look_up
    from tidemill_cli.database.session import connect
    from tidemill_cli.definitions import applied, as_vars

    connection, wanted = asked.resolved(), asked.named(catalogue.project)
    for option in changes:
        if PREFIX + option in wanted:
            raise TidemillError(
                f"{option} is named twice: leave out --vars {PREFIX}{option}, which is for one run."
            )
    with connect(connection, how["command"]) as session:
        found = look_up(session, connection, catalogue)
        after = applied({option: one.value for option, one in found.stored.items()}, changes)
        catalogue.check(session, {**as_vars(after), **wanted})
    if found.is_served(changes):
        told = ", ".join(f"{option} is {found.in_force[option]}" for option in changes)
        narrate(f"{told} already, and what is served was built so: there is nothing to do.")
        if how["as_json"]:
            emit_json(_document(found, connection))
        return
    build_and_show(asked, catalogue.project, changes=changes, is_anew=False, **how)


def _table(found: Chosen) -> str:
    rows = []
    for option, value in found.in_force.items():
        stored = found.stored.get(option)
        since = (
            f"{stored.set_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC by {stored.set_by}"
            if stored
            else ""
        )
        rows.append([option, value, found.defaults[option], since])
    return table(["definition", "value", "default", "chosen"], rows, numeric=set())


def _about_served(found: Chosen) -> str:
    if found.served is None:
        return "Nothing is published yet that says what it was built with."
    if found.served.definitions_hash == found.definitions_hash:
        return f"What is served was built with them (build {found.live}, {found.definitions_hash})."
    others = ", ".join(f"{option} {value}" for option, value in found.served_otherwise.items())
    return (
        f"What is served was built with {others or 'others'} (build {found.live}, "
        f"{found.served.definitions_hash}); the next `tidemill run` builds with these "
        f"({found.definitions_hash})."
    )


def _document(found: Chosen, connection: Connection) -> dict[str, Any]:
    served = found.served
    return {
        "schema": connection.schema,
        "definitions_hash": found.definitions_hash,
        "served": {
            "build": found.live,
            "definitions_hash": served.definitions_hash,
            "is_in_force": served.definitions_hash == found.definitions_hash,
        }
        if served
        else None,
        "definitions": [
            {
                "option": option,
                "value": value,
                "default": found.defaults[option],
                "is_stored": option in found.stored,
                "set_at": found.stored[option].set_at.isoformat()
                if option in found.stored
                else None,
                "set_by": found.stored[option].set_by if option in found.stored else None,
                "served": served.values.get(option) if served else None,
            }
            for option, value in found.in_force.items()
        ],
    }
