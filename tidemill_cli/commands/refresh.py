"""`tidemill refresh`: bring the numbers up to date where they stand."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidemill_cli.commands import options
from tidemill_cli.commands.run import report
from tidemill_cli.console import counted, emit_json, narrate
from tidemill_cli.periods import parse_length

if TYPE_CHECKING:
    from tidemill_cli.refreshing import RefreshSummary


_UNTOLD = ("age", "exit_code")


@options.with_run_options
def refresh(
    asked: options.RunOptions,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Also compute everything else again, say what was not as a whole build makes it, "
            "and put it right.",
        ),
    ] = False,
    bound: Annotated[
        str,
        typer.Option(
            "--bound",
            metavar="LENGTH",
            help="Compute every customer again within this long, whatever happened to its rows "
            "(a deleted one leaves no trace).",
        ),
    ] = "1d",
    as_json: options.Json = False,
) -> None:
    """Compute the numbers of those customers again whose billing rows have changed.

    The rest stays, and all of it is tested and seen at once. Where only a whole build will do (a
    definition or a table's columns have changed, or very many rows), that is done, as by `tidemill
    run`.
    """
    from tidemill_cli.database.refresh import NeedsBuild
    from tidemill_cli.project import find_project
    from tidemill_cli.refreshing import refresh_live
    from tidemill_cli.runner import run_build

    project = find_project(asked.project_dir)
    wanted = asked.named(project)
    connection = asked.resolved()
    limit = parse_length(asked.snapshot_limit, "--snapshot-limit")
    length = parse_length(bound, "--bound")
    try:
        summary = refresh_live(connection, project, wanted, bound=length, checks=check)
    except NeedsBuild as reason:
        narrate(f"Building everything, since {reason}.")
        built = run_build(connection, project, wanted, limit.total_seconds())
        report(connection, built, as_json=as_json)
        raise typer.Exit(built.exit_code) from None
    narrate(sentence(summary))
    for drift in summary.drift:
        narrate(f"  {drift.relation}: {drift.removed:,} rows were wrong, {drift.added:,} are right")
    if as_json:
        emit_json(document(summary))


def sentence(summary: RefreshSummary) -> str:
    """What a refresh came to."""
    return (
        f"Refreshed {counted(summary.customers, 'customer')} "
        f"({counted(summary.relations, 'relation')} changed) in {summary.seconds:.1f} s."
    )


def document(summary: RefreshSummary) -> dict[str, Any]:
    """The same for programs."""
    return {
        **{name: value for name, value in asdict(summary).items() if name not in _UNTOLD},
        "seconds": round(summary.seconds, 1),
    }
