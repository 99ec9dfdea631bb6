"""One run: lock, checks, build beside the live numbers, tests, then one switch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from tidemill_cli import dbt, preflight
from tidemill_cli.attempt import AS_OF, UNCHANGED, Attempt, Built, Interrupted
from tidemill_cli.config import Connection
from tidemill_cli.console import narrate
from tidemill_cli.database import definitions as chosen
from tidemill_cli.database.inputs import create_inputs
from tidemill_cli.database.killbill_catalogs import parse_catalogs, server_reads_xml
from tidemill_cli.database.locks import take_run_lock
from tidemill_cli.database.metrics import DataIssues
from tidemill_cli.database.session import Session, connect, one_value, who_failed
from tidemill_cli.definitions import applied, with_stored
from tidemill_cli.errors import ExitCode, OptionError, TidemillError, first_line
from tidemill_cli.fingerprint import fingerprint
from tidemill_cli.inputs import create_statement
from tidemill_cli.parsed import KeptParse
from tidemill_cli.project import (
    BILLING_SOURCES,
    check_sources,
    declared_options,
    parse_options,
)
from tidemill_cli.purpose import FRESH_NUMBERS, Purpose

LAGO_SCHEMA = "tidemill_lago_schema"
STRIPE_SCHEMA = "tidemill_stripe_schema"
KILLBILL_SCHEMA = "tidemill_killbill_schema"
_STRIPE_EVENTS_SCHEMA = "tidemill_stripe_events_schema"
# Vacuum can clear nothing away that a held snapshot may still see.
SNAPSHOT_SECONDS = 15 * 60.0
_ATTEMPTS = 3
_PAUSE_SECONDS = 5.0
# Says what it found, or raises what is in the way.
SourceCheck = Callable[[Session, Mapping[str, Any]], str]


@dataclass(frozen=True)
class RunSummary:
    """What a run came to."""

    build: str
    as_of: str
    schema: str
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


def run_build(
    connection: Connection,
    project: Path,
    options: Mapping[str, Any],
    snapshot_seconds: float = SNAPSHOT_SECONDS,
    purpose: Purpose = FRESH_NUMBERS,
    kept: KeptParse | None = None,
) -> RunSummary:
    """Build, test and publish every metric, or leave the last good numbers in place.

    The definitions are those of the project, over them what was chosen in the database, over that
    the `options` that the user named. The snapshot that the billing tables are read at is held no
    longer than `snapshot_seconds`. A run that somebody had to wait for ends at once, and is
    repeated. What an earlier run of this process kept of the project spares it the parsing.
    """
    started = time.monotonic()
    with connect(connection, purpose.command) as session:
        info = session.info
        narrate(f"Database {info.dbname} on {info.host} as {info.user} ({connection.source}).")
        try:
            take_run_lock(session)
            declared = declared_options(project)
            definitions = _definitions(session, connection, purpose)
            options = with_stored(definitions, options, declared)
            settings = {**declared, **options}
            _check(session, connection.schema, project, settings)
            _parse(session, connection.schema, settings, is_anew=purpose.is_anew)
            as_of = _instant(session, settings[AS_OF]) if settings.get(AS_OF) else None
            attempt = Attempt(
                session=session,
                connection=connection,
                project=project,
                settings=settings,
                options=options,
                as_of=as_of,
                purpose=purpose,
                definitions=definitions,
                kept=kept or KeptParse(),
                made_by=None if as_of else fingerprint(project, settings),
            )
            built = _built_in_peace(attempt, snapshot_seconds)
            published = attempt.publish(built)
        except psycopg.OperationalError as error:
            raise TidemillError(
                f"{who_failed(session)} ({first_line(error)}); {UNCHANGED}."
            ) from None
    return RunSummary(
        build=built.build,
        as_of=published.as_of.isoformat(),
        schema=connection.schema,
        published=published.relations,
        models=built.result.models,
        tests=built.result.tests,
        failed_tests=built.result.failed_tests,
        data_issues=published.data_issues,
        seconds=time.monotonic() - started,
    )


def _definitions(session: Session, connection: Connection, purpose: Purpose) -> dict[str, str]:
    """What will have been chosen in the database once this is published."""
    if purpose.changes:
        create_inputs(session, connection.inputs_schema, create_statement(connection))
        chosen.check_may_store(session, connection.inputs_schema)
    stored = chosen.stored(session, connection.inputs_schema)
    return applied({option: one.value for option, one in stored.items()}, purpose.changes)


def _built_in_peace(attempt: Attempt, snapshot_seconds: float) -> Built:
    why = ""
    for number in range(_ATTEMPTS):
        if number:
            narrate(f"Stopped, since {why}; trying again.")
            time.sleep(_PAUSE_SECONDS)
        try:
            return attempt.build(_instant(attempt.session, None), snapshot_seconds)
        except Interrupted as interrupted:
            why = str(interrupted)
    raise TidemillError(
        f"the billing tables could not be read in peace {_ATTEMPTS} times; the last time {why}. "
        f"Nothing was published; {UNCHANGED}. Run again when that is over."
    )


def _check(session: Session, schema: str, project: Path, settings: Mapping[str, Any]) -> None:
    check_relations(session, schema, settings)
    check_sources(project, settings.get(BILLING_SOURCES))
    for check in source_checks(settings):
        narrate(check(session, settings))


def _parse(session: Session, schema: str, settings: Mapping[str, Any], *, is_anew: bool) -> None:
    """Read what dbt cannot on this server."""
    if "killbill" not in (settings.get(BILLING_SOURCES) or ()) or server_reads_xml(session):
        return
    parsed = parse_catalogs(
        session, f"{schema}_parsed", engine_schemas(settings)["killbill"], is_anew=is_anew
    )
    if parsed:
        narrate(f"Parsed {parsed} catalog{'s' if parsed != 1 else ''} of Kill Bill.")


def named_options(
    project: Path,
    assignments: Sequence[str] | None,
    lago_schema: str | None,
    stripe_schema: str | None,
    killbill_schema: str | None,
) -> dict[str, Any]:
    """The options that a command line names."""
    named = parse_options(assignments or [], declared_options(project))
    schemas = {
        LAGO_SCHEMA: lago_schema,
        STRIPE_SCHEMA: stripe_schema,
        KILLBILL_SCHEMA: killbill_schema,
    }
    return {**named, **{option: schema for option, schema in schemas.items() if schema}}


def engine_schemas(settings: Mapping[str, Any]) -> dict[str, str]:
    """Where each engine's tables are."""
    return {
        "lago": str(settings.get(LAGO_SCHEMA) or "public"),
        "stripe": str(settings.get(STRIPE_SCHEMA) or "stripe"),
        "killbill": str(settings.get(KILLBILL_SCHEMA) or "public"),
    }


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
    schema = engine_schemas(settings)["lago"]
    return f"Lago {preflight.check_lago(session, schema)} in schema {schema}."


def _check_stripe(session: Session, settings: Mapping[str, Any]) -> str:
    schema = engine_schemas(settings)["stripe"]
    engine = preflight.check_stripe(session, schema, settings.get(_STRIPE_EVENTS_SCHEMA))
    return f"Stripe landed by {engine} in schema {schema}."


def _check_killbill(session: Session, settings: Mapping[str, Any]) -> str:
    schema = engine_schemas(settings)["killbill"]
    return f"Kill Bill {preflight.check_killbill(session, schema)} in schema {schema}."


def _instant(session: Session, wanted: object) -> datetime:
    instant = None if wanted is None else str(wanted)
    try:
        found = one_value(
            session, "select coalesce(%s::timestamptz, clock_timestamp())", (instant,)
        )
    except psycopg.DataError:
        raise OptionError(
            f"{AS_OF} is {wanted!r}: set it to an instant such as 2026-03-31T00:00:00Z."
        ) from None
    if not isinstance(found, datetime):
        raise TypeError(found)
    return found.astimezone(UTC)
