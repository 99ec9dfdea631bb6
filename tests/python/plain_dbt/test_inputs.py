"""The tables that people fill are made by the first run, and no run writes in them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from .in_process import InProcess, part_of_the_project

RATE = ("USD", Decimal("1.0812"), "EUR")


@pytest.fixture(scope="module")
def project(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    root = part_of_the_project(
        tmp_path_factory.mktemp("inputs"), "models/inputs/_inputs__sources.yml"
    )
    project = InProcess(new_database(), tmp_path_factory.mktemp("filled"), root=root)
    run(project)
    return project


def run(project: InProcess, **environment: str) -> None:
    done = project.dbt("run", **environment)
    assert done.returncode == 0, done.stdout + done.stderr


def rows(project: InProcess, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(project.dsn) as connection:
        return connection.execute(query).fetchall()


def test_the_tables_say_what_the_sources_say(project: InProcess) -> None:
    comments = {
        (table, column): comment
        for table, column, comment in rows(
            project,
            "select pg_class.relname, coalesce(attname, ''),"
            " coalesce(col_description(pg_class.oid, attnum), obj_description(pg_class.oid))"
            " from pg_class left join pg_attribute on attrelid = pg_class.oid and attnum > 0"
            " where relnamespace = 'tidemill_inputs'::regnamespace and relkind = 'r'"
            " union all select relname, '', obj_description(oid) from pg_class"
            " where relnamespace = 'tidemill_inputs'::regnamespace and relkind = 'r'",
        )
    }
    described = {}
    for source in project.manifest()["sources"].values():
        described[source["name"], ""] = source["description"]
        for name, column in source["columns"].items():
            described[source["name"], name] = column["description"]
    assert comments == described


def test_no_run_changes_what_people_loaded_or_waits_for_them(project: InProcess) -> None:
    with psycopg.connect(project.dsn) as loading:
        loading.execute(
            "insert into tidemill_inputs.fx_rates (rate_date, currency, rate, base_currency)"
            " values ('2026-03-31', %s, %s, %s)",
            RATE,
        )
        loading.commit()
        # As somebody does who is loading rates at this moment.
        loading.execute("lock table tidemill_inputs.fx_rates in share row exclusive mode")
        loading.execute("set local idle_in_transaction_session_timeout = '60s'")
        run(project)
        run(project, TIDEMILL_BUILD_SCHEMA="tidemill_20260401000000")
    found = rows(project, "select currency, rate, base_currency from tidemill_inputs.fx_rates")
    assert found == [RATE]
    schemas = rows(project, "select nspname from pg_namespace where nspname like '%inputs'")
    assert schemas == [("tidemill_inputs",)]


def test_a_run_that_cannot_make_the_tables_builds_nothing(
    project: InProcess, database: str, reader: str, tmp_path: Path
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            f"create schema tidemill_inputs; create schema tidemill_core authorization {reader}"
        )
    unable = InProcess(make_conninfo(database, user=reader), tmp_path, root=project.root)

    done = unable.dbt("run")

    assert done.returncode == 1
    assert "permission denied for schema tidemill_inputs" in done.stdout
    with psycopg.connect(database) as connection:
        found = connection.execute("select to_regclass('tidemill_core.as_of')").fetchone()
    assert found == (None,)


@pytest.mark.parametrize(
    ("currency", "rate"), [("usd", "1"), ("US", "1"), ("USD", "0"), ("USD", "NaN"), ("USD", "-1")]
)
def test_what_is_no_rate_is_refused_by_the_table_itself(
    project: InProcess, currency: str, rate: str
) -> None:
    with psycopg.connect(project.dsn) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "insert into tidemill_inputs.fx_rates (rate_date, currency, rate, base_currency)"
            " values ('2026-04-01', %s, %s::numeric, 'EUR')",
            (currency, rate),
        )
