"""Compare built metric relations with the reference, and say in words where they differ."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import psycopg
from psycopg import sql
from psycopg.adapt import Buffer, Loader

from reference.surface.books import Books

from .cac import Spend
from .cuts import Rows
from .relations import KEYS, metrics
from .segments import Condition

MOST = 3
HASH = "definitions_hash"
# Quotients are rounded to ten decimals, of the reference's digits or of the database's.
PRECISION = Decimal("1e-9")
QUOTIENTS = {
    *("logo_churn_rate", "gross_churn_rate", "net_churn_rate", "churned_mrr_rate", "churn_rate"),
    *("nrr", "grr", "customer_retention", "customer_retention_of_previous"),
    *("mrr_retention", "mrr_retention_of_previous", "mrr_per_customer", "cash_per_customer"),
    *("arpa", "asp", "quick_ratio", "mrr_share", "customer_share", "ltv"),
    *("conversion_rate", "conversion_rate_of_started", "conversion_rate_of_decided"),
    *("conversion_rate_of_period", "conversion_rate_within_days"),
    *("top_1_share", "top_5_share", "top_10_share", "hhi", "cac", "payback_months", "ltv_to_cac"),
}


def missing(connection: psycopg.Connection[Any], schema: str) -> list[str]:
    """The relations of the reference that are not built."""
    return [name for name in KEYS if not _columns(connection, schema, name)]


def differences(
    connection: psycopg.Connection[Any],
    schema: str,
    books: Books,
    spend: Iterable[Spend] = (),
    conditions: Iterable[Condition] = (),
) -> list[str]:
    """Where the relations that are built say something else than the reference.

    A few of each relation; those that are `missing` say nothing.
    """
    return differences_from(connection, schema, metrics(books, spend, conditions))


def differences_from(
    connection: psycopg.Connection[Any], schema: str, relations: Mapping[str, Rows]
) -> list[str]:
    """The same, given the rows of each relation."""
    problems = []
    for name, expected in relations.items():
        columns = _columns(connection, schema, name)
        if columns:
            found = _differences(connection, schema, name, columns, expected)
            problems += [f"{name}: {problem}" for problem in found[:MOST]]
            if len(found) > MOST:
                problems.append(f"{name}: and {len(found) - MOST} more")
    return problems


def _differences(
    connection: psycopg.Connection[Any],
    schema: str,
    name: str,
    columns: list[str],
    expected: Rows,
) -> list[str]:
    values = [column for column in columns if column not in {*KEYS[name], HASH}]
    known = list(next(iter(expected.values()), values))
    of_columns = [
        *(f"lacks the column {c}" for c in (*KEYS[name], *known, HASH) if c not in columns),
        *(f"has the column {c}, the reference has not" for c in values if c not in known),
    ]
    if not set(KEYS[name]) <= set(columns):
        return of_columns
    values = [column for column in values if column in known]
    problems = []
    built = set()
    agreed: set[tuple[Any, ...]] = set()
    for row in _rows(connection, schema, name, [*KEYS[name], *values]):
        key, found = row[: len(KEYS[name])], row[len(KEYS[name]) :]
        if key in built:
            problems.append(f"{_words(key)}: is there twice")
        built.add(key)
        if key not in expected:
            problems.append(f"{_words(key)}: is there, and not in the reference")
        # Many rows of the reference are one and the same, period after period.
        elif (id(expected[key]), found) not in agreed:
            unequal = [
                f"{column} is {value}, in the reference {expected[key][column]}"
                for column, value in zip(values, found, strict=True)
                if not _is_equal(column, value, expected[key][column])
            ]
            if unequal:
                problems.append(f"{_words(key)}: {'; '.join(unequal)}")
            else:
                agreed.add((id(expected[key]), found))
    lacking = expected.keys() - built
    problems += [f"{_words(key)}: is in the reference only" for key in lacking]
    return of_columns + sorted(problems)


def _is_equal(column: str, built: object, expected: object) -> bool:
    if column in QUOTIENTS and isinstance(built, Decimal) and isinstance(expected, Decimal):
        return abs(built - expected) <= PRECISION * max(Decimal(1), abs(expected))
    return built == expected


def _columns(connection: psycopg.Connection[Any], schema: str, name: str) -> list[str]:
    found = connection.execute(
        "select column_name from information_schema.columns"
        " where table_schema = %s and table_name = %s order by ordinal_position",
        (schema, name),
    ).fetchall()
    return [column for (column,) in found]


def _rows(
    connection: psycopg.Connection[Any], schema: str, name: str, columns: list[str]
) -> list[tuple[Any, ...]]:
    query = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(schema, name)
    )
    with connection.cursor() as cursor:
        cursor.adapters.register_loader("numeric", _NumberLoader)
        return cursor.execute(query).fetchall()


class _NumberLoader(Loader):
    """Reads each number once: most come again in many rows."""

    def load(self, data: Buffer) -> Decimal:
        return _number(bytes(data))


@cache
def _number(text: bytes) -> Decimal:
    return Decimal(text.decode())


def _words(key: Iterable[object]) -> str:
    return " ".join(map(str, key))
