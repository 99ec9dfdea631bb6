"""Bring the live numbers up to date where they stand."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from tidemill_cli.attempt import AS_OF, UNCHANGED
from tidemill_cli.builds import BuildLog, live_build
from tidemill_cli.config import Connection
from tidemill_cli.console import narrate
from tidemill_cli.database import builds, refresh
from tidemill_cli.database import definitions as chosen
from tidemill_cli.database.builds import Build
from tidemill_cli.database.locks import take_refresh_lock
from tidemill_cli.database.refresh import Drift, NeedsBuild
from tidemill_cli.database.session import Session, connect, who_failed
from tidemill_cli.definitions import with_stored
from tidemill_cli.errors import ExitCode, TidemillError, first_line
from tidemill_cli.fingerprint import fingerprint
from tidemill_cli.project import declared_options
from tidemill_cli.watchdog import Watchdog

_NAME = "tidemill refresh"
_ATTEMPTS = 3
_PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class RefreshSummary:
    """What a refresh came to."""

    build: str
    age: timedelta  # since everything was built
    as_of: str
    schema: str
    customers: int
    relations: int
    seconds: float
    drift: list[Drift] = field(default_factory=list)
    exit_code: ExitCode = ExitCode.OK


def refresh_live(
    connection: Connection,
    project: Path,
    options: Mapping[str, Any],
    *,
    bound: timedelta = refresh.BOUND,
    checks: bool = False,
    patience: float = 0.0,
) -> RefreshSummary:
    """Compute again what changed since the live build was made, or last refreshed.

    With `checks` also everything else, to see and put right what differs; with `patience` whoever
    else refreshes is waited for so many seconds. Raises NeedsBuild where only a whole build will
    do.
    """
    started = time.monotonic()
    with connect(connection, _NAME) as session:
        take_refresh_lock(session, patience)
        live = _refreshable(session, connection, project, options)
        build = live.build
        for _ in range(_ATTEMPTS):
            with Watchdog(connection, _NAME) as watchdog:
                try:
                    with refresh.one_snapshot(session):
                        done = refresh.refresh(session, build, bound)
                        drift = refresh.repair(session, build) if checks else []
                        BuildLog(session, connection.schema).refreshed(build, done.as_of)
                except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable) as error:
                    why = watchdog.stopped or first_line(error)
                except psycopg.errors.InsufficientPrivilege as error:
                    raise NeedsBuild(
                        f"{first_line(error)} (`tidemill init` grants what a refresh looks at)"
                    ) from None
                except psycopg.OperationalError as error:
                    why = watchdog.stopped or first_line(error)
                    raise TidemillError(f"{who_failed(session)} ({why}); {UNCHANGED}.") from None
                else:
                    return RefreshSummary(
                        build=build,
                        age=done.as_of - live.started_at,
                        as_of=done.as_of.isoformat(),
                        schema=connection.schema,
                        customers=done.customers,
                        relations=done.relations,
                        seconds=time.monotonic() - started,
                        drift=drift,
                    )
            narrate(f"Stopped, since {why}; trying again.")
            time.sleep(_PAUSE_SECONDS)
    raise TidemillError(
        f"the billing tables could not be read in peace {_ATTEMPTS} times; the last time {why}; "
        f"{UNCHANGED}. Refresh again when that is over."
    )


def _refreshable(
    session: Session, connection: Connection, project: Path, options: Mapping[str, Any]
) -> Build:
    """The live build, if it was made by this project and these options."""
    facade = connection.schema
    name = live_build(session, facade)
    found = [one for one in builds.recorded(session, facade, only_kept=True) if one.build == name]
    if name is None or not found:
        raise NeedsBuild("nothing is published that `tidemill run` has built")
    declared = declared_options(project)
    stored = {
        option: one.value
        for option, one in chosen.stored(session, connection.inputs_schema).items()
    }
    settings = {**declared, **with_stored(stored, options, declared)}
    if settings.get(AS_OF):
        raise NeedsBuild(f"{AS_OF} is set")
    if found[0].made_by != fingerprint(project, settings):
        raise NeedsBuild("the project or its options have changed")
    if not refresh.can_be_refreshed(session, name):
        raise NeedsBuild("the live build does not say how it was made")
    return found[0]
