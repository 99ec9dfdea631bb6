"""A role that may read the columns we list, and nothing else of Lago."""

import secrets
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tidemill_cli.demo.lago.load import generate_and_load
from tidemill_cli.lago_requirements import OPTIONAL_COLUMNS, OPTIONAL_TABLES, REQUIRED

from .in_process import UNTESTED, InProcess
from .test_in_place import AS_OF, UNTIL


@pytest.fixture
def role(database: str) -> str:
    """A login with column grants on a generated Lago database."""
    name = f"reader_{secrets.token_hex(4)}"
    with psycopg.connect(database) as connection:
        generate_and_load(connection, 40, 1, UNTIL, years=2)
        role = sql.Identifier(name)
        connection.execute(sql.SQL("create role {} login").format(role))
        connection.execute(
            sql.SQL("grant create on database {} to {}").format(
                sql.Identifier(connection.info.dbname), role
            )
        )
        for table, columns in {**REQUIRED, **OPTIONAL_TABLES}.items():
            listed = [*columns, *OPTIONAL_COLUMNS.get(table, ())]
            connection.execute(
                sql.SQL("grant select ({}) on public.{} to {}").format(
                    sql.SQL(", ").join(map(sql.Identifier, listed)), sql.Identifier(table), role
                )
            )
    return name


def test_grants_on_the_listed_columns_are_enough(database: str, role: str, tmp_path: Path) -> None:
    dsn = make_conninfo(database, user=role)
    InProcess(dsn, tmp_path).build(*UNTESTED, variables=AS_OF)
    with psycopg.connect(dsn) as connection:
        assert connection.execute("select sum(mrr) > 0 from tidemill.metric_mrr").fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select hmac_key from public.organizations")


@pytest.mark.slow
def test_no_optional_column_is_lost_to_a_role_that_may_read_it(
    database: str, role: str, tmp_path: Path
) -> None:
    InProcess(database, tmp_path).build(*UNTESTED, variables=AS_OF)
    with psycopg.connect(database) as connection:
        as_owner = connection.execute(
            "select sum(amount), count(*) from tidemill.metric_mrr_movements"
        ).fetchone()
        connection.execute(
            "drop schema tidemill, tidemill_core, tidemill_history, tidemill_inputs cascade"
        )
    InProcess(make_conninfo(database, user=role), tmp_path).build(*UNTESTED, variables=AS_OF)
    with psycopg.connect(database) as connection:
        as_reader = connection.execute(
            "select sum(amount), count(*) from tidemill.metric_mrr_movements"
        ).fetchone()
    assert as_owner == as_reader
