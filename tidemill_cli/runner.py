"""One run: lock, checks, build beside the live numbers, tests, then one switch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from tidemill_cli import dbt, preflight
from tidemill_cli.builds import PUBLISHED, BuildLog
from tidemill_cli.config import Connection
from tidemill_cli.console import narrate
from tidemill_cli.database.killbill_catalogs import parse_catalogs, server_reads_xml
from tidemill_cli.database.locks import take_run_lock
from tidemill_cli.database.metrics import DataIssues, MetricReader
from tidemill_cli.database.session import Session, connect, one_value
from tidemill_cli.errors import ExitCode, TidemillError
from tidemill_cli.facade import DATA_ISSUES, publish
from tidemill_cli.progress import progress
from tidemill_cli.project import BILLING_SOURCES, check_sources, declared_options

AS_OF = "tidemill_as_of"
LAGO_SCHEMA = "tidemill_lago_schema"
STRIPE_SCHEMA = "tidemill_stripe_schema"
KILLBILL_SCHEMA = "tidemill_killbill_schema"
_STRIPE_EVENTS_SCHEMA = "tidemill_stripe_events_schema"
_SOURCE_GUARD = "check_source_sizes"  # the macro that stops a run whose sources have shrunk
# Says what it found, or raises what is in the way.
SourceCheck = Callable[[Session, Mapping[str, Any]], str]
_UNCHANGED = "the numbers built before stay as they were"

# libpq parameters that dbt-postgres knows under the same name.
_DBT_KEYS = ("sslmode", "sslcert", "sslkey", "sslrootcert", "connect_timeout", "keepalives_idle")
_DBT_NUMBERS = ("connect_timeout", "keepalives_idle")


@dataclass(frozen=True)
class RunSummary:
    """What a run came to."""

    build: str
    as_of: str
    published: list[str]
    models: int
    tests: int
    failed_tests: list[dbt.NodeResult]
    data_issues: list[DataIssues]
    seconds: float

    @property
    def exit_code(self) -> ExitCode:
        """Exit code of the command that ran it."""
        return ExitCode.TESTS_FAILED if self.failed_tests else ExitCode.OK


def run_build(connection: Connection, project: Path, options: Mapping[str, Any]) -> RunSummary:
    """Build, test and publish every metric, or leave the last good numbers in place."""
    started = time.monotonic()
    with connect(connection, "tidemill run") as session:
        info = session.info
        narrate(f"Database {info.dbname} on {info.host} as {info.user} ({connection.source}).")
        take_run_lock(session)
        settings = {**declared_options(project), **options}
        _check(session, connection.schema, project, settings)
        _parse(session, connection.schema, settings)
        # The only "now" of the whole run; what it sees is dated with it.
        started_at = _instant(session, None)
        as_of = _instant(session, settings[AS_OF]) if settings.get(AS_OF) else started_at
        log = BuildLog(session, connection.schema)
        build = log.start(as_of)
        try:
            return _build_and_publish(
                session,
                connection,
                project,
                log,
                _dbt_target(session, connection, build, started_at),
                {**options, AS_OF: as_of.isoformat()},
                started,
            )
        except psycopg.OperationalError as error:
            raise TidemillError(
                f"the connection was lost during build {build} ({_first_line(error)}); "
                f"{_UNCHANGED}."
            ) from None


def _build_and_publish(
    session: Session,
    connection: Connection,
    project: Path,
    log: BuildLog,
    target: dbt.Target,
    options: Mapping[str, Any],
    started: float,
) -> RunSummary:
    build = target.build_schema
    narrate(f"Building {build} with dbt.")
    with progress("models and tests") as bar:
        result = dbt.build(project, target, options, bar.update)
    _warn(result)
    finish = partial(log.finish, build, models=result.models, tests=result.tests, rows=result.rows)
    if result.error or result.errors:
        what = _what_failed(result)
        finish("failed", what)
        if not log.drop_if_empty(build):
            narrate(f"What was built is left in schema {build}.")
        log.prune()
        # A source that shrank is something the run found, not something it could not do.
        found = _SOURCE_GUARD in result.stopped_by
        raise TidemillError(
            f"{what} Nothing was published; {_UNCHANGED}.",
            ExitCode.TESTS_FAILED if found else ExitCode.CANNOT,
        )
    published: list[str] = []
    issues: list[DataIssues] = []
    if result.failed_tests:
        names = ", ".join(test.name for test in result.failed_tests)
        finish("tests_failed", f"failed: {names}.")
        _explain_failed_tests(result.failed_tests, build)
    else:
        try:
            published = publish(session, connection.schema, build).views
        except TidemillError as error:
            finish("refused", str(error))
            raise
        finish(PUBLISHED)
        if DATA_ISSUES in published:
            issues = MetricReader(session, connection.schema).data_issues()
            _tell(issues, f"{connection.schema}.{DATA_ISSUES}")
    log.prune()
    return RunSummary(
        build=build,
        as_of=str(options[AS_OF]),
        published=published,
        models=result.models,
        tests=result.tests,
        failed_tests=result.failed_tests,
        data_issues=issues,
        seconds=time.monotonic() - started,
    )


def _check(session: Session, schema: str, project: Path, settings: Mapping[str, Any]) -> None:
    check_relations(session, schema, settings)
    check_sources(project, settings.get(BILLING_SOURCES))
    for check in source_checks(settings):
        narrate(check(session, settings))


def _parse(session: Session, schema: str, settings: Mapping[str, Any]) -> None:
    """Read what dbt cannot on this server."""
    if "killbill" not in (settings.get(BILLING_SOURCES) or ()) or server_reads_xml(session):
        return
    parsed = parse_catalogs(session, f"{schema}_parsed", _killbill_schema(settings))
    if parsed:
        narrate(f"Parsed {parsed} catalog{'s' if parsed != 1 else ''} of Kill Bill.")


def check_relations(session: Session, schema: str, settings: Mapping[str, Any]) -> None:
    """Refuse a database where a run's own relations cannot be made, or its inputs not read."""
    lasting = [schema, f"{schema}_history"]
    if {"stripe", "killbill"} & set(settings.get(BILLING_SOURCES) or ()):
        lasting.append(f"{schema}_parsed")
    preflight.check_writable(session, lasting)
    preflight.check_inputs(session, f"{schema}_inputs")
    preflight.check_facade(session, schema)


def source_checks(settings: Mapping[str, Any]) -> list[SourceCheck]:
    """What is to be checked of the billing engines that are read."""
    checks: dict[str, SourceCheck] = {
        "lago": _check_lago,
        "stripe": _check_stripe,
        "killbill": _check_killbill,
    }
    return [checks[name] for name in settings.get(BILLING_SOURCES) or () if name in checks]


def _check_lago(session: Session, settings: Mapping[str, Any]) -> str:
    schema = str(settings.get(LAGO_SCHEMA) or "public")
    return f"Lago {preflight.check_lago(session, schema)} in schema {schema}."


def _check_stripe(session: Session, settings: Mapping[str, Any]) -> str:
    schema = str(settings.get(STRIPE_SCHEMA) or "stripe")
    engine = preflight.check_stripe(session, schema, settings.get(_STRIPE_EVENTS_SCHEMA))
    return f"Stripe landed by {engine} in schema {schema}."


def _check_killbill(session: Session, settings: Mapping[str, Any]) -> str:
    schema = _killbill_schema(settings)
    return f"Kill Bill {preflight.check_killbill(session, schema)} in schema {schema}."


def _killbill_schema(settings: Mapping[str, Any]) -> str:
    return str(settings.get(KILLBILL_SCHEMA) or "public")


def _instant(session: Session, wanted: object) -> datetime:
    instant = None if wanted is None else str(wanted)
    try:
        found = one_value(
            session, "select coalesce(%s::timestamptz, clock_timestamp())", (instant,)
        )
    except psycopg.DataError:
        raise TidemillError(
            f"{AS_OF} is {wanted!r}: set it to an instant such as 2026-03-31T00:00:00Z."
        ) from None
    if not isinstance(found, datetime):
        raise TypeError(found)
    return found.astimezone(UTC)


def _dbt_target(
    session: Session, connection: Connection, build: str, started_at: datetime
) -> dbt.Target:
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
        started_at=started_at,
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
    narrate(f"Nothing was published, {_UNCHANGED}; schema {build} is left to look at.")


def _as_sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
