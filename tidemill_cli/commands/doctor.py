"""`tidemill doctor`: what a run would read, and what is in its way."""

from __future__ import annotations

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import emit
from tidemill_cli.errors import ExitCode, TidemillError


def doctor(
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    project_dir: options.ProjectDir = None,
    schema: options.Schema = None,
    assignments: options.Vars = None,
) -> None:
    """Say which database and billing engines are read, and what would stop a run (exit 2).

    Nothing is built or written.
    """
    from tidemill_cli.database.catalog import relations
    from tidemill_cli.database.metrics import options_in_force
    from tidemill_cli.database.session import connect
    from tidemill_cli.project import (
        BILLING_SOURCES,
        check_sources,
        declared_options,
        find_project,
        parse_options,
    )
    from tidemill_cli.runner import check_relations, source_checks

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
    metrics = connection.schema
    is_ready = True
    with connect(connection, "tidemill doctor") as session:
        info = session.info
        emit(f"Database {info.dbname} on {info.host} as {info.user} ({connection.source}).")
        emit(f"PostgreSQL {info.parameter_status('server_version')}.")
        for check in source_checks(settings):
            try:
                emit(check(session, settings))
            except TidemillError as error:
                emit(f"Problem: {error}")
                is_ready = False
        try:
            check_relations(session, metrics, settings)
        except TidemillError as error:
            emit(f"Problem: {error}")
            is_ready = False
        if any(relation.name == "metric_definitions" for relation in relations(session, metrics)):
            changed = options_in_force(session, metrics)
            emit(f"Metrics in schema {metrics}; options not at their default:")
            for option, value, default in changed:
                emit(f"  {option}: {value} (default {default})")
            if not changed:
                emit("  none")
        else:
            emit(f"No metrics in schema {metrics} yet.")
    if not is_ready:
        raise typer.Exit(ExitCode.CANNOT)
