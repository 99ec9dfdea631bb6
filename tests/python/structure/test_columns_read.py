"""Staging reads the columns that are declared: not one more, not one less."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from project import Project
from tidemill_cli.demo.lago.schema import create_schema, existing_columns
from tidemill_cli.lago_requirements import OPTIONAL_COLUMNS, OPTIONAL_TABLES, REQUIRED

DECLARED = {
    table: {*columns, *OPTIONAL_COLUMNS.get(table, ())}
    for table, columns in {**REQUIRED, **OPTIONAL_TABLES}.items()
}


@pytest.fixture(scope="module")
def dsn(new_database: Callable[[], str]) -> str:
    dsn = new_database()
    with psycopg.connect(dsn) as connection:
        create_schema(connection)
    return dsn


@pytest.fixture(scope="module")
def staging(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The compiled SQL of the staging models, with every optional column and table there."""
    project = Project(dsn, tmp_path_factory.mktemp("staging"))
    project.build("--select", "+stg_lago__*", "--exclude-resource-type", "test")
    return {
        node["name"]: node["compiled_code"]
        for node in project.manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["name"].startswith("stg_")
    }


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


def test_nothing_else_is_read(dsn: str, staging: dict[str, str]) -> None:
    with psycopg.connect(dsn) as connection:
        for table, columns in existing_columns(connection).items():
            for column in columns - DECLARED.get(table, set()):
                drop(connection, table, column)
        assert failing(connection, staging) == {}
        connection.rollback()


@pytest.mark.parametrize("table", sorted(DECLARED))
def test_everything_declared_is_read(dsn: str, staging: dict[str, str], table: str) -> None:
    with psycopg.connect(dsn) as connection:
        unread = []
        for column in sorted(DECLARED[table]):
            with connection.transaction(force_rollback=True):
                drop(connection, table, column)
                if not failing(connection, staging):
                    unread.append(column)
        assert unread == []
