from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import sql

from reference.surface.books import Books
from reference.surface.builders import SurfaceRows

from .cac import Spend
from .compare import differences, missing
from .relations import KEYS, metrics
from .segments import Condition

SPEND = [Spend(date(2025, 2, 1), None, "USD", Decimal(300))]
CONDITIONS = [Condition("on less", 1, 1, "plan", "in", ("less",), False)]
TYPES = {bool: "boolean", int: "bigint", Decimal: "numeric", date: "date", str: "text"}


@pytest.fixture(scope="module")
def books() -> Books:
    surface = SurfaceRows()
    surface.trial("2025-01-05", "2025-01-15")
    surface.item("2025-01-15", "2025-03-10", 100)
    surface.item("2025-03-10", None, 80, plan="less")
    surface.customer("zeta")
    surface.item("2025-02-03", "2025-04-05", 30, plan="more", subscription="z", customer_id="zeta")
    surface.line("usage", 12, "2025-02-01", "2025-03-01")
    return surface.compute()


@pytest.fixture
def connection(database: str, books: Books) -> Iterator[psycopg.Connection[Any]]:
    """A database with the relations that a right build would hold."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create schema tidemill")
        for name, rows in metrics(books, SPEND, CONDITIONS).items():
            assert rows, name
            write(connection, name, rows)
        yield connection


def write(connection: psycopg.Connection[Any], name: str, rows: dict[Any, dict[str, Any]]) -> None:
    names = [*KEYS[name], *next(iter(rows.values()))]
    table = [[*key, *values.values()] for key, values in rows.items()]
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind_of(values)))
        for column, values in zip(names, zip(*table, strict=True), strict=True)
    ]
    relation = sql.Identifier("tidemill", name)
    connection.execute(
        sql.SQL("create table {} ({}, definitions_hash text)").format(
            relation, sql.SQL(", ").join(columns)
        )
    )
    fields = sql.SQL(", ").join(map(sql.Identifier, names))
    query = sql.SQL("copy {} ({}) from stdin").format(relation, fields)
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for row in table:
            copy.write_row(row)


def kind_of(values: tuple[object, ...]) -> str:
    known = [value for value in values if value is not None]
    return TYPES[type(known[0])] if known else "numeric"


def test_a_right_build_has_no_differences(
    connection: psycopg.Connection[Any], books: Books
) -> None:
    assert missing(connection, "tidemill") == []
    assert differences(connection, "tidemill", books, SPEND, CONDITIONS) == []


def test_a_relation_that_is_not_built_is_missing_and_not_a_difference(
    connection: psycopg.Connection[Any], books: Books
) -> None:
    connection.execute("drop table tidemill.metric_ltv")
    assert missing(connection, "tidemill") == ["metric_ltv"]
    assert differences(connection, "tidemill", books, SPEND, CONDITIONS) == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            "update tidemill.metric_mrr set mrr = mrr + 0.0000000001"
            " where grain = 'month' and period_start = '2025-02-01' and plan = 'basic'",
            [
                "metric_mrr: month 2025-02-01 2025-03-01 True engine t basic basic USD DE month"
                " USD: mrr is 100.0000000001, in the reference 100"
            ],
        ),
        (
            "delete from tidemill.metric_committed_mrr"
            " where horizon_days = 30 and dimension = 'total'",
            [
                "metric_committed_mrr: 2025-07-01 30 2025-07-31 engine t total all USD:"
                " is in the reference only"
            ],
        ),
        (
            "update tidemill.metric_cac set reporting_currency = 'EUR' where grain = 'month'",
            [
                "metric_cac: month 2025-01-01 2025-02-01 True engine t total all EUR: is there,",
                "metric_cac: month 2025-01-01 2025-02-01 True engine t total all USD: is in the",
                "metric_cac: month 2025-02-01 2025-03-01 True engine t total all EUR: is there,",
                "metric_cac: and 1 more",
            ],
        ),
        (
            "alter table tidemill.metric_arr rename arr_run_rate to arr",
            [
                "metric_arr: lacks the column arr_run_rate",
                "metric_arr: has the column arr, the reference has not",
            ],
        ),
        (
            "insert into tidemill.metric_trials select * from tidemill.metric_trials limit 1",
            ["metric_trials: day 2025-01-05 2025-01-06 True engine t total all: is there twice"],
        ),
        ("update tidemill.metric_churn set logo_churn_rate = logo_churn_rate + 0.0000000001", []),
        (
            "update tidemill.metric_churn set logo_churn_rate = null"
            " where grain = 'month' and period_start = '2025-04-01' and dimension = 'total'",
            [
                "metric_churn: month 2025-04-01 2025-05-01 True engine t total all USD:"
                " logo_churn_rate is None, in the reference 0.5000000000"
            ],
        ),
    ],
)
def test_what_differs_is_named(
    connection: psycopg.Connection[Any], books: Books, damage: str, said: list[str]
) -> None:
    connection.execute(damage)
    found = differences(connection, "tidemill", books, SPEND, CONDITIONS)
    assert len(found) == len(said), found
    for problem, expected in zip(found, said, strict=True):
        assert problem.startswith(expected)
