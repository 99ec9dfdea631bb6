"""`tidemill run`: build, test and publish the metrics."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import Connection, ConnectionOptions, resolve
from tidemill_cli.console import emit_json, narrate
from tidemill_cli.periods import parse_length

if TYPE_CHECKING:
    from tidemill_cli.runner import RunSummary


def run(
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    project_dir: options.ProjectDir = None,
    schema: options.Schema = None,
    lago_schema: options.LagoSchema = None,
    stripe_schema: options.StripeSchema = None,
    killbill_schema: options.KillbillSchema = None,
    assignments: options.Vars = None,
    snapshot_limit: options.SnapshotLimit = "15m",
    as_json: options.Json = False,
) -> None:
    """Build every metric beside the live ones, test them, then switch.

    When a test fails or a source has lost its rows (exit 1), or the build cannot be done (exit 2),
    the numbers built before stay. Who needs a billing table is let through: the run is stopped
    and repeated.
    """
    from tidemill_cli.project import find_project
    from tidemill_cli.runner import named_options, run_build

    project = find_project(project_dir)
    wanted = named_options(project, assignments, lago_schema, stripe_schema, killbill_schema)
    connection = resolve(
        ConnectionOptions(
            dsn=dsn,
            profiles_dir=profiles_dir,
            project_dir=project_dir,
            target=target,
            schema=schema,
        )
    )
    limit = parse_length(snapshot_limit, "--snapshot-limit")
    summary = run_build(connection, project, wanted, limit.total_seconds())
    report(connection, summary, as_json=as_json)
    raise typer.Exit(summary.exit_code)


def report(
    connection: Connection, summary: RunSummary, *, as_json: bool, **more: dict[str, Any] | None
) -> None:
    """Say what a run published, if it did; `more` is for programs."""
    if summary.published:
        narrate(
            f"Published {len(summary.published)} relations in schema {connection.schema} "
            f"({summary.models} models, {summary.tests} tests, {summary.seconds:.0f} s). "
            f"{headline(connection)}"
        )
    if as_json:
        emit_json(
            {
                "build": summary.build,
                "as_of": summary.as_of,
                "schema": connection.schema,
                "published": summary.published,
                "models": summary.models,
                "tests": summary.tests,
                "failed_tests": [
                    {"name": test.name, "rows": test.failures, "message": test.message}
                    for test in summary.failed_tests
                ],
                "data_issues": [asdict(issues) for issues in summary.data_issues],
                "seconds": round(summary.seconds, 1),
                **more,
            }
        )


def headline(connection: Connection) -> str:
    """MRR of the latest day in one sentence."""
    from tidemill_cli.database.metrics import MetricReader
    from tidemill_cli.database.session import connect
    from tidemill_cli.errors import TidemillError
    from tidemill_cli.money import format_amount

    with connect(connection, "tidemill run") as session:
        reader = MetricReader(session, connection.schema)
        try:
            days = reader.days()
            levels = reader.mrr_on(days[1]) if days else []
        except TidemillError:  # another project may publish other metrics
            return ""
    if not days or not levels:
        return "There is no MRR yet."
    amounts = ", ".join(f"{currency} {format_amount(mrr, currency)}" for currency, mrr in levels)
    return f"MRR at the end of {days[1]}: {amounts}."
