"""`tidemill status`: how fresh the numbers are, and how the last run ended."""

from __future__ import annotations

from dataclasses import asdict, dataclass
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
    from tidemill_cli.database.session import connect, server_time

    limit = parse_length(max_age, "--max-age") if max_age else None
    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with connect(connection, "tidemill status") as session:
        # The newest may be under way; the one before says how a run ended.
        newest = recorded(session, connection.schema, limit=2)
        if not newest:
            raise TidemillError(
                f"no run is recorded in schema {connection.schema}: run `tidemill run`, or name "
                "the schema with --schema."
            )
        kept = kept_builds(session, connection.schema)
        name = live_build(session, connection.schema)
        holder = lock_holder(session)
        now = server_time(session)
    found = _Status(
        now=now,
        live=next((one for one in kept if one.build == name), None),
        newest=newest,
        kept=[one.build for one in kept],
        holder=holder,
    )
    if as_json:
        emit_json(_document(found))
    else:
        emit("\n".join(_lines(found)))
    if limit is not None and (found.lag is None or found.lag > limit):
        narrate(f"The numbers are older than {max_age}.")
        raise typer.Exit(ExitCode.TESTS_FAILED)


@dataclass(frozen=True)
class _Status:
    now: datetime  # by the clock of the billing database
    live: Build | None
    newest: list[Build]
    kept: list[str]
    holder: LockHolder | None

    @property
    def lag(self) -> timedelta | None:
        return self.now - self.live.as_of if self.live else None

    @property
    def running(self) -> Build | None:
        """What is being built."""
        return self.newest[0] if self.holder and self.newest[0].status == "running" else None

    @property
    def last(self) -> Build:
        """The last run that has ended, if any has."""
        return self.newest[-1] if self.running else self.newest[0]

    @property
    def running_since(self) -> datetime | None:
        if self.running:
            return self.running.started_at
        return self.holder.since if self.holder else None


def _lines(found: _Status) -> list[str]:
    lines = []
    live, last, holder = found.live, found.last, found.holder
    if live and found.lag is not None:
        lines.append(
            f"Numbers   as of {_instant(live.as_of)}, {_duration(found.lag)} behind "
            f"(build {live.build})"
        )
    else:
        lines.append("Numbers   none are published")
    lines.append(f"Last run  {_instant(last.started_at)}: {_ending(last, holder)}")
    if last.message:
        lines.append(f"          {last.message}")
    lines.append(f"Builds    {', '.join(found.kept) or 'none'}")
    if holder:
        since = found.running_since
        lines.append(
            f"Running   process {holder.pid} ({holder.application_name})"
            + (f" since {_instant(since)}, for {_duration(found.now - since)}" if since else "")
            + (f", as user {holder.user}" if holder.user else "")
            + (f" from {holder.client}" if holder.client else "")
        )
    return lines


def _ending(last: Build, holder: LockHolder | None) -> str:
    status = _state(last, holder).replace("_", " ")
    if last.finished_at is None:
        return status
    parts = [f"{status} in {_duration(last.finished_at - last.started_at)}"]
    for number, noun in ((last.models, "models"), (last.tests, "tests"), (last.rows, "rows")):
        if number is not None:
            parts.append(f"{number:,} {noun}")
    return ", ".join(parts)


def _state(last: Build, holder: LockHolder | None) -> str:
    """How a run ended; one that was killed could not say so."""
    return "interrupted" if last.status == "running" and holder is None else last.status


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _duration(span: timedelta) -> str:
    seconds = max(0, round(span.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _document(found: _Status) -> dict[str, Any]:
    live, last, holder = found.live, found.last, found.holder
    took = last.finished_at - last.started_at if last.finished_at else None
    return {
        "live_build": live.build if live else None,
        "as_of": live.as_of.astimezone(UTC).isoformat() if live else None,
        "lag_seconds": round(found.lag.total_seconds()) if found.lag is not None else None,
        "last_run": {
            **{
                name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
                for name, value in asdict(last).items()
            },
            "status": _state(last, holder),
            "seconds": round(took.total_seconds(), 1) if took is not None else None,
        },
        "builds": found.kept,
        "running": _running(found, holder) if holder else None,
    }


def _running(found: _Status, holder: LockHolder) -> dict[str, Any]:
    since = found.running_since
    return {
        "pid": holder.pid,
        "application": holder.application_name,
        "user": holder.user,
        "client": holder.client,
        "build": found.running.build if found.running else None,
        "since": since.astimezone(UTC).isoformat() if since else None,
        "seconds": round((found.now - since).total_seconds(), 1) if since else None,
    }
