"""`tidemill run`: build, test and publish the metrics."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import Connection
from tidemill_cli.console import emit_json, narrate
from tidemill_cli.periods import parse_length

if TYPE_CHECKING:
    from tidemill_cli.runner import RunSummary


@options.with_run_options
def run(asked: options.RunOptions, as_json: options.Json = False) -> None:
    """Build every metric beside the live ones, test them, then switch.

    When a test fails or a source has lost its rows (exit 1), or the build cannot be done (exit 2),
    the numbers built before stay. Who needs a billing table is let through: the run is stopped
    and repeated.
    """
    from tidemill_cli.project import find_project
    from tidemill_cli.runner import run_build

    project = find_project(asked.project_dir)
    wanted = asked.named(project)
    connection = asked.resolved()
    limit = parse_length(asked.snapshot_limit, "--snapshot-limit")
    summary = run_build(connection, project, wanted, limit.total_seconds())
    report(connection, summary, as_json=as_json)
    raise typer.Exit(summary.exit_code)


def report(
    connection: Connection, summary: RunSummary, *, as_json: bool, **more: dict[str, Any] | None
) -> None:
    """Say what a run published, if it did; `more` is for programs."""
    from tidemill_cli.headline import headline

    if summary.published:
        narrate(
            f"Published {len(summary.published)} relations in schema {connection.schema} "
            f"({summary.models} models, {summary.tests} tests, {summary.seconds:.0f} s). "
            f"{headline(connection) or ''}"
        )
    if as_json:
        emit_json({**document(summary), **more})


def document(summary: RunSummary) -> dict[str, Any]:
    """What a run came to, for programs."""
    return {
        "build": summary.build,
        "as_of": summary.as_of,
        "schema": summary.schema,
        "published": summary.published,
        "models": summary.models,
        "tests": summary.tests,
        "failed_tests": [
            {"name": test.name, "rows": test.failures, "message": test.message}
            for test in summary.failed_tests
        ],
        "data_issues": [asdict(issues) for issues in summary.data_issues],
        "seconds": round(summary.seconds, 1),
    }
