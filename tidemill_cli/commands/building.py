"""What the commands share that build with a purpose of their own, and show what it changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from tidemill_cli.commands.run import report
from tidemill_cli.console import narrate
from tidemill_cli.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tidemill_cli.commands.options import RunOptions
    from tidemill_cli.comparing import Comparison
    from tidemill_cli.database.session import Session


@dataclass
class Shown:
    """Shows what a build changes of what is served, once it is known."""

    schema: str
    as_json: bool
    found: Comparison | None = None

    def __call__(self, session: Session, live: str | None, build: str) -> None:
        """Compare them."""
        from tidemill_cli.comparing import compare, show
        from tidemill_cli.facade import public_relations

        if live is None:
            narrate("Nothing was published before, so there is nothing to compare with.")
            return
        # What plain dbt publishes is in the schema itself.
        served = live if public_relations(session, live) else self.schema
        self.found = compare(session, served, build)
        if not self.as_json:
            show(self.found)
        if self.found.is_none:
            narrate("No number differs from what was served.")

    @property
    def document(self) -> dict[str, Any] | None:
        """The same for a program."""
        from tidemill_cli.comparing import document

        return document(self.found) if self.found else None


def build_and_show(
    asked: RunOptions,
    project: Path,
    *,
    command: str,
    changes: Mapping[str, str | None],
    is_anew: bool,
    no_switch: bool,
    as_json: bool,
) -> None:
    """Build, test, show the difference and switch, as a command of its own; ends it."""
    from tidemill_cli.periods import parse_length
    from tidemill_cli.purpose import Purpose
    from tidemill_cli.runner import run_build

    connection, wanted = asked.resolved(), asked.named(project)
    limit = parse_length(asked.snapshot_limit, "--snapshot-limit")
    shown = Shown(connection.schema, as_json)
    purpose = Purpose(command, changes, is_anew, before_switch=shown, switches=not no_switch)
    summary = run_build(connection, project, wanted, limit.total_seconds(), purpose)
    if no_switch and summary.exit_code is ExitCode.OK:
        narrate(
            f"Build {summary.build} is left beside what is served, to be looked at; to publish, "
            "run this again without --no-switch."
        )
    if changes and summary.exit_code is not ExitCode.OK:
        narrate("The definitions stay as they were, too.")
    report(connection, summary, as_json=as_json, difference=shown.document)
    raise typer.Exit(summary.exit_code)
