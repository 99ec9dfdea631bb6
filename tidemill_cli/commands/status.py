"""`tidemill status`: how fresh the numbers are, and how the last run ended."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import emit, emit_json, narrate
from tidemill_cli.errors import ExitCode, TidemillError
from tidemill_cli.periods import parse_length

if TYPE_CHECKING:
    from tidemill_cli.database.builds import Build
    from tidemill_cli.database.locks import LockHolder


def status(
    max_age: Annotated[
        str | None,
        typer.Option(
            "--max-age",
            metavar="AGE",
            help="Exit 1 if the numbers are older than this (90s, 15m, 2h, 1d).",
        ),
    ] = None,
    as_json: options.Json = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """How fresh the numbers are, how the last run ended, and which builds are kept."""
    from tidemill_cli.builds import kept_builds, live_build
    from tidemill_cli.database.builds import recorded
    from tidemill_cli.database.locks import lock_holder
    from tidemill_cli.database.session import connect

    limit = parse_length(max_age, "--max-age") if max_age else None
    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with connect(connection, "tidemill status") as session:
        builds = recorded(session, connection.schema)
        if not builds:
            raise TidemillError(
                f"no run is recorded in schema {connection.schema}: run `tidemill run`, or name "
                "the schema with --schema."
            )
        name = live_build(session, connection.schema)
        live = next((one for one in builds if one.build == name), None)
        kept = [one.build for one in kept_builds(session, connection.schema)]
        holder = lock_holder(session)
    now = datetime.now(UTC)
    lag = now - live.as_of if live else None
    if as_json:
        emit_json(_document(live, lag, builds[0], kept, holder))
    else:
        emit("\n".join(_lines(live, lag, builds[0], kept, holder)))
    if limit is not None and (lag is None or lag > limit):
        narrate(f"The numbers are older than {max_age}.")
        raise typer.Exit(ExitCode.TESTS_FAILED)


def _lines(
    live: Build | None,
    lag: timedelta | None,
    last: Build,
    kept: list[str],
    holder: LockHolder | None,
) -> list[str]:
    lines = []
    if live and lag is not None:
        lines.append(
            f"Numbers   as of {_instant(live.as_of)}, {_duration(lag)} behind (build {live.build})"
        )
    else:
        lines.append("Numbers   none are published")
    lines.append(f"Last run  {_instant(last.started_at)}: {_ending(last, holder)}")
    if last.message:
        lines.append(f"          {last.message}")
    lines.append(f"Builds    {', '.join(kept) or 'none'}")
    if holder:
        since = f" since {_instant(holder.since)}" if holder.since else ""
        lines.append(f"Running   process {holder.pid} ({holder.application_name}){since}")
    return lines


def _ending(last: Build, holder: LockHolder | None) -> str:
    status = last.status.replace("_", " ")
    if last.status == "running" and holder is None:
        status = "interrupted"
    if last.finished_at is None:
        return status
    parts = [f"{status} in {_duration(last.finished_at - last.started_at)}"]
    for number, noun in ((last.models, "models"), (last.tests, "tests"), (last.rows, "rows")):
        if number is not None:
            parts.append(f"{number:,} {noun}")
    return ", ".join(parts)


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _duration(span: timedelta) -> str:
    seconds = max(0, round(span.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _document(
    live: Build | None,
    lag: timedelta | None,
    last: Build,
    kept: list[str],
    holder: LockHolder | None,
) -> dict[str, Any]:
    return {
        "live_build": live.build if live else None,
        "as_of": live.as_of.astimezone(UTC).isoformat() if live else None,
        "lag_seconds": round(lag.total_seconds()) if lag is not None else None,
        "last_run": {
            name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(last).items()
        },
        "builds": kept,
        "running": {"pid": holder.pid, "application": holder.application_name} if holder else None,
    }
