"""A role that is named for one tenant sees nothing of another, whatever it asks, and no total."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tidemill_cli.demo.lago.load import generate_and_load

from .in_process import UNTESTED, InProcess
from .test_in_place import AS_OF, UNTIL

Rows = list[tuple[Any, ...]]


class Metrics(NamedTuple):
    """A build of two tenants, and who looks at it."""

    owner: str
    names: list[str]
    tenant: str
    other: str
    restricted: str  # sees the first tenant
    member: str  # a person who has been given that role
    unrestricted: str


@pytest.fixture(scope="module")
def metrics(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Metrics:
    project = InProcess(new_database(), tmp_path_factory.mktemp("tenants"))
    with psycopg.connect(project.dsn) as connection:
        generate_and_load(connection, 60, 1, UNTIL, years=2)
    project.build(*UNTESTED, variables=AS_OF)
    roles = [f"{name}_{secrets.token_hex(4)}" for name in ("tenant", "person", "analyst")]
    with psycopg.connect(project.dsn) as connection:
        for role in roles:
            name = sql.Identifier(role)
            connection.execute(sql.SQL("create role {} login").format(name))
            connection.execute(sql.SQL("grant usage on schema tidemill to {}").format(name))
            connection.execute(
                sql.SQL("grant select on all tables in schema tidemill to {}").format(name)
            )
        connection.execute(
            sql.SQL("grant {} to {}").format(sql.Identifier(roles[0]), sql.Identifier(roles[1]))
        )
        (tenant,), (other,) = connection.execute(
            "select tenant_id from tidemill.metric_mrr group by 1 order by count(*) desc"
        ).fetchall()
        connection.execute(
            "insert into tidemill_inputs.tenant_readers values"
            " (%(role)s, %(own)s, 'lago'), (%(role)s, %(other)s, 'stripe'),"
            " ('nobody', %(own)s, null)",
            {"role": roles[0], "own": tenant, "other": other},
        )
        names = connection.execute(
            "select table_name from information_schema.columns"
            " where table_schema = 'tidemill' and column_name = 'tenant_id' order by 1"
        ).fetchall()
    dsns = [make_conninfo(project.dsn, user=role) for role in roles]
    return Metrics(project.dsn, [name for (name,) in names], tenant, other, *dsns)


def rows(dsn: str, query: str) -> Rows:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def test_it_sees_the_rows_of_its_tenant_and_all_of_them(metrics: Metrics) -> None:
    seen = 0
    for name in metrics.names:
        whole = f"select metric::text from tidemill.{name} as metric"
        own = f"{whole} where tenant_id = '{metrics.tenant}' order by 1"
        expected = rows(metrics.owner, own)
        assert rows(metrics.restricted, f"{whole} order by 1") == expected, name
        assert rows(metrics.member, f"{whole} order by 1") == expected, name
        seen += bool(expected)
    # All metrics but those that this history has nothing for.
    assert len(metrics.names) == 26
    assert seen >= 15


def test_others_see_everything(metrics: Metrics) -> None:
    for name in metrics.names:
        query = f"select tenant_id, count(*) from tidemill.{name} group by 1 order by 1"
        assert rows(metrics.unrestricted, query) == rows(metrics.owner, query)
    tenants = rows(metrics.unrestricted, "select distinct tenant_id from tidemill.metric_churn")
    assert set(tenants) == {(metrics.tenant,), (metrics.other,), ("all",)}


def test_a_function_sees_no_more(metrics: Metrics) -> None:
    """One that costs nothing is asked first, where a view is no barrier."""
    told: list[str] = []
    with psycopg.connect(metrics.restricted) as connection:
        connection.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
        connection.execute(
            "create function pg_temp.leak(text) returns boolean language plpgsql cost 0.0000001"
            " as $$ begin raise notice '%', $1; return true; end $$"
        )
        for name in metrics.names:
            connection.execute(
                f"select count(*) from tidemill.{name} where pg_temp.leak(tenant_id)"
            )
    assert set(told) == {metrics.tenant}


def test_an_error_tells_no_more(metrics: Metrics) -> None:
    query = (
        "select count(*) from tidemill.metric_mrr"
        f" where 1 / (case when tenant_id = '{metrics.tenant}' then 1 else 0 end) > 0"
    )
    with pytest.raises(psycopg.errors.DivisionByZero):
        rows(metrics.owner, query)
    assert rows(metrics.restricted, query)[0][0] > 0
    cast = (
        "select count(tenant_id::uuid) from tidemill.metric_churn where tenant_id::uuid is not null"
    )
    with pytest.raises(psycopg.errors.InvalidTextRepresentation, match='"all"'):
        rows(metrics.owner, cast)
    assert rows(metrics.restricted, cast)[0][0] > 0


@pytest.mark.parametrize(
    "query",
    [
        "select * from tidemill_core.mrr_periods",
        "select * from tidemill_core.lago__customers",
        "select * from tidemill_inputs.tenant_readers",
        "delete from tidemill_inputs.tenant_readers",
        "select * from public.customers",
        "create or replace view tidemill.metric_mrr as select 1 as one",
        "alter view tidemill.metric_mrr set (security_barrier = false)",
    ],
)
def test_there_is_no_way_round(metrics: Metrics, query: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(metrics.restricted, query)


def test_a_role_does_not_help_itself_by_taking_another_name(metrics: Metrics) -> None:
    with psycopg.connect(metrics.restricted) as connection:
        for statement in ("set role pg_read_all_data", "set session authorization postgres"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)  # type: ignore[arg-type]
            connection.rollback()


def test_a_name_in_the_search_path_changes_nothing(metrics: Metrics) -> None:
    """A view was bound to its functions and tables when it was made."""
    with psycopg.connect(metrics.restricted) as connection:
        connection.execute(
            "create function pg_temp.pg_has_role(oid, oid, text) returns boolean"
            " language sql as 'select false'"
        )
        connection.execute("create temporary table tenant_readers (role_name text)")
        connection.execute("set search_path = pg_temp, pg_catalog")
        found = connection.execute("select distinct tenant_id from tidemill.metric_mrr").fetchall()
    assert found == [(metrics.tenant,)]


def test_a_view_over_a_metric_shows_whoever_asks_no_more(metrics: Metrics) -> None:
    with psycopg.connect(metrics.owner) as connection:
        connection.execute("create view public.mine as select tenant_id from tidemill.metric_mrr")
        connection.execute("grant select on public.mine to public")
    assert set(rows(metrics.restricted, "select * from public.mine")) == {(metrics.tenant,)}
    assert len(set(rows(metrics.unrestricted, "select * from public.mine"))) == 2
