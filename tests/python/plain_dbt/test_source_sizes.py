"""A run stops when a billing engine's table has lost its rows, and says which and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tidemill_cli.demo.lago.schema import create_schema

from .in_process import InProcess, part_of_the_project

BROKEN = "models/canonical/broken.sql"
SIZES = "tidemill_history.source_sizes"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return part_of_the_project(
        tmp_path_factory.mktemp("guarded"),
        "models/sources/lago/_lago__sources.yml",
        "models/sources/lago/stg_lago__coupon_targets.sql",
    )


@pytest.fixture(scope="module")
def dsn(new_database: Callable[[], str]) -> str:
    dsn = new_database()
    with psycopg.connect(dsn) as connection:
        create_schema(connection, indexes=False)
        # Rows without meaning will do.
        for (column,) in connection.execute(
            "select column_name from information_schema.columns where table_schema = 'public'"
            " and table_name = 'coupon_targets' and is_nullable = 'NO' and column_name <> 'id'"
        ).fetchall():
            connection.execute(f'alter table coupon_targets alter column "{column}" drop not null')
    return dsn


@pytest.fixture
def project(root: Path, dsn: str, tmp_path: Path) -> InProcess:
    """Ten rows, and a run that has seen them."""
    execute(dsn, f"drop table if exists {SIZES}", "truncate coupon_targets", targets(10))
    project = InProcess(dsn, tmp_path, root=root)
    assert run(project) == ""
    return project


def targets(count: int) -> str:
    return (
        "insert into coupon_targets (id, coupon_id, plan_id)"
        " select gen_random_uuid(), gen_random_uuid(), gen_random_uuid()"
        f" from generate_series(1, {count})"
    )


def execute(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def run(project: InProcess, command: str = "run", **variables: object) -> str:
    """Why a command failed; nothing if it succeeded."""
    done = project.dbt(command, variables=variables)
    return done.stdout + done.stderr if done.returncode else ""


def known(project: InProcess, table: str = "coupon_targets") -> object:
    with psycopg.connect(project.dsn) as connection:
        row = connection.execute(f"select rows from {SIZES} where table_name = %s", (table,))
        return (row.fetchone() or (None,))[0]


def built(project: InProcess) -> object:
    with psycopg.connect(project.dsn) as connection:
        row = connection.execute(
            "select count(*) from tidemill_core.stg_lago__coupon_targets"
        ).fetchone()
        return row and row[0]


def test_the_first_run_of_an_empty_database_is_fine(
    root: Path, new_database: Callable[[], str], tmp_path: Path
) -> None:
    dsn = new_database()
    with psycopg.connect(dsn) as connection:
        create_schema(connection, release="v1.26", indexes=False)
    project = InProcess(dsn, tmp_path, root=root)

    assert run(project) == run(project) == ""
    assert known(project) == 0
    assert known(project, "fixed_charges") is None, "this release has no such table"


@pytest.mark.parametrize("command", ["run", "build"])
def test_an_emptied_table_stops_the_run(project: InProcess, command: str) -> None:
    execute(project.dsn, "truncate coupon_targets")

    assert (
        "table public.coupon_targets has shrunk from 10 to 0 rows since a run last succeeded: "
        "restore it, or, if that is right, set tidemill_max_row_loss to 1 for one run."
    ) in run(project, command)
    assert (built(project), known(project)) == (10, 10)


def test_a_table_that_lost_more_than_half_stops_the_run(project: InProcess) -> None:
    execute(project.dsn, "delete from coupon_targets", targets(4))
    assert "public.coupon_targets has shrunk from 10 to 4 rows" in run(project)
    assert run(project, tidemill_max_row_loss=0.6) == ""


@pytest.mark.slow
def test_half_may_go_and_rows_may_come(project: InProcess) -> None:
    execute(project.dsn, "delete from coupon_targets", targets(5))
    assert run(project) == ""
    execute(project.dsn, targets(95))
    assert run(project) == ""
    assert known(project) == 100


def test_the_option_allows_it_for_one_run(project: InProcess) -> None:
    execute(project.dsn, "truncate coupon_targets")

    assert run(project, tidemill_max_row_loss=1) == ""
    assert (built(project), known(project)) == (0, 0)
    assert run(project) == ""


def test_several_tables_are_one_sentence(project: InProcess) -> None:
    execute(
        project.dsn,
        f"update {SIZES} set rows = 3 where table_name in ('coupons', 'customers')",
        "truncate coupon_targets",
    )
    assert (
        "public.coupon_targets has shrunk from 10 to 0 rows since a run last succeeded "
        "(as have public.coupons, public.customers): restore it"
    ) in run(project)


def test_sizes_are_known_only_after_a_run_that_succeeded(project: InProcess) -> None:
    execute(project.dsn, targets(10))
    broken = project.root / BROKEN
    try:
        broken.write_text("select 1 / (count(*) - count(*)) as nothing from {{ ref('as_of') }}")
        assert "division by zero" in run(project)
        assert known(project) == 10
    finally:
        broken.unlink()
    assert run(project) == ""
    assert known(project) == 20


@pytest.mark.parametrize("command", ["compile", "test", "parse"])
def test_a_command_that_builds_nothing_neither_stops_nor_records(
    project: InProcess, command: str
) -> None:
    execute(project.dsn, "truncate coupon_targets")

    assert run(project, command) == ""
    assert known(project) == 10


@pytest.mark.slow
def test_a_huge_table_is_not_counted(project: InProcess) -> None:
    execute(
        project.dsn,
        "update pg_class set reltuples = 200000000 where oid = 'coupon_targets'::regclass",
    )
    assert run(project) == ""
    assert known(project) == 200_000_000
    # As an import leaves it that has not come to an end, before anybody has analyzed the table.
    execute(project.dsn, "truncate coupon_targets", targets(3))
    assert "has shrunk from 200,000,000 to 3 rows" in run(project)
