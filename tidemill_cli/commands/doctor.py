"""`tidemill doctor`: what a run would read, and what is in its way."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import emit, emit_json
from tidemill_cli.errors import ExitCode

if TYPE_CHECKING:
    from tidemill_cli.database.session import Session
    from tidemill_cli.health import Finding


def doctor(
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    project_dir: options.ProjectDir = None,
    schema: options.Schema = None,
    assignments: options.Vars = None,
    as_json: options.Json = False,
) -> None:
    """Look at the database, the billing engines and what is published; exit 2 on a problem.

    A problem would stop a run, a note makes it slower or its numbers other than meant; each has its
    fix. Nothing is built or written.
    """
    from tidemill_cli.database.session import connect
    from tidemill_cli.grants import engines_of
    from tidemill_cli.health import OK, PROBLEM, Doctor, Finding, as_text
    from tidemill_cli.project import (
        BILLING_SOURCES,
        check_sources,
        declared_options,
        find_project,
        parse_options,
    )
    from tidemill_cli.runner import check_relations, engine_schemas, source_checks

    project = find_project(project_dir)
    declared = declared_options(project)
    settings = {**declared, **parse_options(assignments or [], declared)}
    check_sources(project, settings.get(BILLING_SOURCES))
    connection = resolve(
        ConnectionOptions(
            dsn=dsn,
            profiles_dir=profiles_dir,
            project_dir=project_dir,
            target=target,
            schema=schema,
        )
    )
    with connect(connection, "tidemill doctor") as session:
        info = session.info
        where = f"Database {info.dbname} on {info.host} as {info.user} ({connection.source})."
        version = f"PostgreSQL {info.parameter_status('server_version')}."
        found = [Finding("connection", OK, where), Finding("connection", OK, version)]
        looks = Doctor(session, connection, settings)
        sources = source_checks(settings)
        found += looks.problems(
            {
                **{
                    f"engine {number}": partial(check, session, settings)
                    for number, check in enumerate(sources)
                },
                "relations": partial(check_relations, session, connection.schema, settings),
            }
        )
        for engine in engines_of(settings, engine_schemas(settings)):
            found += looks.engine(engine)
        found += _options(session, connection.schema)
        found += looks.published()
    if as_json:
        emit_json([vars(finding) for finding in found])
    else:
        emit("\n".join(as_text(finding) for finding in found))
    if any(finding.level == PROBLEM for finding in found):
        raise typer.Exit(ExitCode.CANNOT)


def _options(session: Session, schema: str) -> list[Finding]:
    """Those that the published numbers were made with."""
    from tidemill_cli.database.catalog import may_use_schema, readable_columns
    from tidemill_cli.database.metrics import options_in_force
    from tidemill_cli.health import NOTE, OK, OPTION, Finding

    found = readable_columns(session, schema, ["metric_definitions"]).get("metric_definitions")
    if not found:
        return [Finding("options", OK, f"No metrics in schema {schema} yet.")]
    if not may_use_schema(session, schema) or not all(found.values()):
        user = session.info.user
        grants = f"`grant usage on schema {schema} to {user}; grant select on all tables in schema "
        grants += f"{schema} to {user}`"
        return [Finding("options", NOTE, f"user {user} may not read the metrics: {grants}.")]
    told = [
        f"{option}: {value} (default {default})"
        for option, value, default in options_in_force(session, schema)
    ]
    return [
        Finding("options", OK, f"Metrics in schema {schema}; options not at their default:"),
        *(Finding(OPTION, OK, sentence) for sentence in told or ["none"]),
    ]
