"""Staging reads the columns that are declared: not one more, not one less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql

from project import Project
from tidemill_cli import killbill_requirements, lago_requirements
from tidemill_cli.demo.killbill import schema as killbill
from tidemill_cli.demo.lago import schema as lago

Columns = dict[str, set[str]]


@dataclass(frozen=True)
class Engine:
    """An engine whose tables are read as they are, and the columns declared of them."""

    name: str
    create: Callable[[psycopg.Connection[Any]], None]
    existing: Callable[[psycopg.Connection[Any]], Columns]
    declared: Columns


def _create_killbill(connection: psycopg.Connection[Any]) -> None:
    killbill.create_schema(connection)
    # What 0.22 has instead of another column.
    connection.execute("alter table invoice_payments add column success boolean")


def _declared(required: dict[str, Any], optional: dict[str, Any]) -> Columns:
    return {table: {*columns, *optional.get(table, ())} for table, columns in required.items()}


ENGINES = {
    "lago": Engine(
        "lago",
        lago.create_schema,
        lago.existing_columns,
        _declared(
            {**lago_requirements.REQUIRED, **lago_requirements.OPTIONAL_TABLES},
            lago_requirements.OPTIONAL_COLUMNS,
        ),
    ),
    "killbill": Engine(
        "killbill",
        _create_killbill,
        killbill.existing_columns,
        _declared(killbill_requirements.REQUIRED, killbill_requirements.OPTIONAL_COLUMNS),
    ),
}


@dataclass(frozen=True)
class Staged:
    """The SQL of an engine's staging, with every optional column and table there."""

    dsn: str
    models: dict[str, str]


@pytest.fixture(scope="module")
def staged(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Engine], Staged]:
    """Builds the staging of an engine, once."""
    made: dict[str, Staged] = {}

    def build(engine: Engine) -> Staged:
        if engine.name not in made:
            dsn = new_database()
            with psycopg.connect(dsn) as connection:
                engine.create(connection)
            project = Project(dsn, tmp_path_factory.mktemp(engine.name))
            project.build(
                *("--select", f"+stg_{engine.name}__*", "--exclude-resource-type", "test"),
                variables={"tidemill_billing_sources": [engine.name]},
            )
            models = {
                node["name"]: node["compiled_code"]
                for node in project.manifest()["nodes"].values()
                if node["resource_type"] == "model" and node["name"].startswith("stg_")
                if node["config"]["enabled"] and "compiled_code" in node
            }
            made[engine.name] = Staged(dsn, models)
        return made[engine.name]

    return build


def drop(connection: psycopg.Connection[tuple[object, ...]], table: str, column: str) -> None:
    connection.execute(
        sql.SQL("alter table {} drop column {} cascade").format(
            sql.Identifier(table), sql.Identifier(column)
        )
    )


def failing(
    connection: psycopg.Connection[tuple[object, ...]], staging: dict[str, str]
) -> dict[str, str]:
    """Models that PostgreSQL can no longer plan, and why."""
    problems = {}
    for name, query in staging.items():
        try:
            with connection.transaction():
                connection.execute(f"explain {query}")
        except psycopg.errors.UndefinedColumn as problem:
            problems[name] = str(problem)
    return problems


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_nothing_else_is_read(staged: Callable[[Engine], Staged], engine: Engine) -> None:
    staging = staged(engine)
    assert staging.models
    with psycopg.connect(staging.dsn) as connection:
        for table, columns in engine.existing(connection).items():
            for column in columns - engine.declared.get(table, set()):
                drop(connection, table, column)
        assert failing(connection, staging.models) == {}
        connection.rollback()


@pytest.mark.parametrize(
    ("engine", "table"),
    [
        pytest.param(engine, table, id=f"{engine.name}-{table}")
        for engine in ENGINES.values()
        for table in sorted(engine.declared)
    ],
)
def test_everything_declared_is_read(
    staged: Callable[[Engine], Staged], engine: Engine, table: str
) -> None:
    staging = staged(engine)
    with psycopg.connect(staging.dsn) as connection:
        unread = []
        for column in sorted(engine.declared[table]):
            with connection.transaction(force_rollback=True):
                drop(connection, table, column)
                if not failing(connection, staging.models):
                    unread.append(column)
        assert unread == []
