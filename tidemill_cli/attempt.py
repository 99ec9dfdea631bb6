"""One attempt at a run: build beside the live numbers, test, and switch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from tidemill_cli import dbt
from tidemill_cli.builds import BESIDE, PUBLISHED, BuildLog, live_build
from tidemill_cli.config import Connection
from tidemill_cli.console import narrate
from tidemill_cli.database import refresh
from tidemill_cli.database.locks import refreshes_held_back
from tidemill_cli.database.metrics import DataIssues, data_issues
from tidemill_cli.database.session import Session
from tidemill_cli.errors import ExitCode, OptionError, TidemillError
from tidemill_cli.facade import DATA_ISSUES
from tidemill_cli.parsed import KeptParse
from tidemill_cli.progress import progress
from tidemill_cli.project import BILLING_SOURCES
from tidemill_cli.purpose import FRESH_NUMBERS, Purpose
from tidemill_cli.reading import Reading
from tidemill_cli.switching import switch
from tidemill_cli.watchdog import Watchdog

AS_OF = "tidemill_as_of"
UNCHANGED = "the numbers built before stay as they were"
# The macros that stop a run whose sources have shrunk, and one whose options are wrong.
_SOURCE_GUARD = "check_source_sizes"
_OPTION_GUARD = "check_config"

# libpq parameters that dbt-postgres knows under the same name.
_DBT_KEYS = ("sslmode", "sslcert", "sslkey", "sslrootcert", "connect_timeout", "keepalives_idle")
_DBT_NUMBERS = ("connect_timeout", "keepalives_idle")


class Interrupted(Exception):
    """Whoever needs the billing tables was let through, so they were not read at one instant."""


@dataclass(frozen=True)
class Built:
    """What dbt came to."""

    build: str
    as_of: datetime
    result: dbt.DbtResult


@dataclass(frozen=True)
class Published:
    """What readers find now."""

    relations: list[str]
    data_issues: list[DataIssues]
    as_of: datetime


@dataclass(frozen=True)
class Attempt:
    """A build of its own, until it is published or failed."""

    session: Session
    connection: Connection
    project: Path
    settings: Mapping[str, Any]  # every option
    options: Mapping[str, Any]  # those that the user chose
    as_of: datetime | None  # given by the user
    purpose: Purpose = FRESH_NUMBERS
    definitions: Mapping[str, str] = field(default_factory=dict)  # of the database, after it
    kept: KeptParse = field(default_factory=KeptParse)
    made_by: str | None = None

    def build(self, now: datetime, snapshot_seconds: float) -> Built:
        """Parse, seed and build, with all billing tables read at one instant."""
        log = BuildLog(self.session, self.connection.schema)
        build = log.start(self.as_of or now)
        target = _dbt_target(self.session, self.connection, build)
        narrate(f"Building {build} with dbt.")
        with dbt.Dbt(self.project, target, self.options, self.kept) as project:
            result = project.parse()
            if not result.has_failed:
                result = project.seed()
            if result.has_failed:
                return Built(build, self.as_of or now, result)
            reads = project.reads(self.settings.get(BILLING_SOURCES) or ())
            with (
                Reading(
                    self.connection, target.application_name, reads, snapshot_seconds
                ) as reading,
                progress("models and tests") as bar,
            ):
                # The only "now" of the whole run; what it sees is dated with it.
                as_of = self.as_of or reading.snapshot.taken_at
                log.date(build, as_of)
                result = result.followed_by(
                    project.build(
                        bar.update,
                        reading.finished,
                        reading.snapshot,
                        {AS_OF: as_of.isoformat()},
                        is_anew=self.purpose.is_anew,
                    )
                )
        if reading.stopped:
            log.abandon(build, reading.stopped)
            if reading.is_over_limit:
                raise TidemillError(
                    f"{reading.stopped}: pass a longer --snapshot-limit, or run when the database "
                    f"is less busy. Nothing was published; {UNCHANGED}."
                )
            raise Interrupted(reading.stopped)
        return Built(build, as_of, result)

    def publish(self, built: Built) -> Published:
        """Switch readers to a build, unless a test failed; what could not be built is an error."""
        build, result = built.build, built.result
        log = BuildLog(self.session, self.connection.schema)
        _warn(result)
        finish = partial(
            log.finish,
            build,
            models=result.models,
            tests=result.tests,
            rows=result.rows,
            definitions=dict(self.definitions),
            made_by=self.made_by,
        )
        if result.has_failed:
            what = _what_failed(result)
            finish("failed", what)
            if result.lacks_space:
                log.drop(build)
            elif not log.drop_if_empty(build):
                narrate(f"What was built is left in schema {build}.")
            log.prune()
            sentence = f"{what} Nothing was published; {UNCHANGED}."
            if _OPTION_GUARD in result.stopped_by:
                raise OptionError(sentence)
            # A source that shrank is something the run found, not something it could not do.
            found = _SOURCE_GUARD in result.stopped_by
            raise TidemillError(sentence, ExitCode.TESTS_FAILED if found else ExitCode.CANNOT)
        published: list[str] = []
        as_of = built.as_of
        issues: list[DataIssues] = []
        if result.failed_tests:
            names = ", ".join(test.name for test in result.failed_tests)
            finish("tests_failed", f"failed: {names}.")
            _explain_failed_tests(result.failed_tests, build)
        else:
            with refreshes_held_back(self.session):
                self._catch_up(build)
            self.purpose.before_switch(
                self.session, live_build(self.session, self.connection.schema), build
            )
            if not self.purpose.switches:
                finish(BESIDE, "it was built to be looked at, not to be switched to.")
            else:
                with refreshes_held_back(self.session):
                    as_of = self._catch_up(build) or as_of
                    published = self._switch(build, finish)
            if DATA_ISSUES in published:
                issues = data_issues(self.session, self.connection.schema)
                _tell(issues, f"{self.connection.schema}.{DATA_ISSUES}")
        log.prune()
        return Published(published, issues, as_of)

    def _catch_up(self, build: str) -> datetime | None:
        """Refresh a build by what changed while it was made; the instant that it is of then.

        Refreshes of the live one went on meanwhile, and nobody is to find older numbers.
        """
        if self.as_of or not refresh.can_be_refreshed(self.session, build):
            return None
        with Watchdog(self.connection, self.purpose.command) as watchdog:
            try:
                with refresh.one_snapshot(self.session):
                    as_of = refresh.refresh(self.session, build, refresh.BOUND).as_of
                    BuildLog(self.session, self.connection.schema).date(build, as_of)
            except (
                refresh.NeedsBuild,
                psycopg.errors.QueryCanceled,
                psycopg.errors.LockNotAvailable,
                psycopg.errors.InsufficientPrivilege,
            ) as error:
                why = watchdog.stopped or str(error).splitlines()[0]
                narrate(f"What changed meanwhile is left to the next run, since {why}.")
                return None
        return as_of

    def _switch(self, build: str, finish: Callable[..., None]) -> list[str]:
        try:
            return switch(
                self.session,
                self.connection,
                build,
                self.purpose.changes,
                lambda: finish(PUBLISHED),
            ).views
        except TidemillError as error:
            finish("refused", str(error))
            raise


def _dbt_target(session: Session, connection: Connection, build: str) -> dbt.Target:
    # What the open session uses, so that .pgpass, PGHOST and service files count for dbt too.
    info = session.info
    parameters: dict[str, str | int] = {
        "host": info.host,
        "port": info.port,
        "user": info.user,
        "dbname": info.dbname,
    }
    for key in _DBT_KEYS:
        value = connection.parameters.get(key)
        if value is not None:
            parameters[key] = int(value) if key in _DBT_NUMBERS else value
    if connection.role:
        parameters["role"] = connection.role
    return dbt.Target(
        parameters=parameters,
        password=info.password or "",
        schema=connection.schema,
        build_schema=build,
        threads=connection.threads,
    )


def _what_failed(result: dbt.DbtResult) -> str:
    if not result.errors:
        return _as_sentence(result.error or "")
    first, *others = result.errors
    if first.kind == "operation":  # a hook: the project's own check of the options
        return _as_sentence(first.message)
    more = f" (and {len(others)} more)" if others else ""
    return _as_sentence(
        f"{first.kind.replace('_', ' ')} {first.name} failed{more}: {first.message}"
    )


def _warn(result: dbt.DbtResult) -> None:
    for test in result.warnings:
        narrate(f"warning: {test.name}: {_as_sentence(test.message)}")


def _tell(issues: list[DataIssues], relation: str) -> None:
    if issues:
        narrate(f"Issues of the data, row by row in {relation}:")
    for found in issues:
        rows = f"{found.rows:,} row{'s' if found.rows != 1 else ''}"
        narrate(f"  {found.severity}: {found.issue} on {rows}")


def _explain_failed_tests(tests: list[dbt.NodeResult], build: str) -> None:
    for test in tests:
        rows = (
            f" on {test.failures} row{'s' if test.failures != 1 else ''}" if test.failures else ""
        )
        breaks = f" This breaks {', '.join(test.breaks)}." if test.breaks else ""
        kind = test.kind.replace("_", " ")
        narrate(f"{kind} {test.name} failed{rows}: {_as_sentence(test.message)}{breaks}")
    narrate(f"Nothing was published, {UNCHANGED}; schema {build} is left to look at.")


def _as_sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
