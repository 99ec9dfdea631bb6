"""Compare the built metric relations with the reference, and say in words where they differ."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from reference.items import Options
from reference.ledger import ONE_DAY, PERIOD_START, Result, compute
from reference.rows import read_raw

Key = TypeVar("Key", bound=Hashable)
Dimensions = tuple[str, ...]

ZERO = Decimal(0)
TOLERANCE = Decimal("1e-7")
DIMENSIONS = (
    "billing_source",
    "tenant_id",
    "plan",
    "product",
    "currency",
    "country",
    "billing_interval",
)
METRICS = ("metric_mrr", "metric_mrr_movements", "metric_mrr_waterfall", "metric_customers")
TYPES = ("new", "reactivation", "expansion", "contraction", "churn")
LOSSES = ("contraction", "churn")


def differences(
    connection: psycopg.Connection[Any],
    as_of: datetime,
    options: Options | None = None,
    *,
    metrics_schema: str = "tidemill",
    lago_schema: str = "public",
    history_schema: str = "tidemill_history",
) -> list[str]:
    """Compute the reference from the raw rows in the database and list every difference."""
    raw, history = read_raw(connection, lago_schema, history_schema)
    result = compute(raw, history, as_of, options)
    return [
        *level_differences(connection, metrics_schema, result),
        *movement_differences(connection, metrics_schema, result),
        *waterfall_differences(connection, metrics_schema, result),
        *customer_differences(connection, metrics_schema, result),
    ]


def level_differences(
    connection: psycopg.Connection[Any], schema: str, result: Result
) -> list[str]:
    """Compare metric_mrr: the level of each tuple at the end of each period, for every grain."""
    columns = ("grain", "period_start", *DIMENSIONS, "mrr")
    built: dict[tuple[str, date, Dimensions], Decimal] = defaultdict(Decimal)
    for row in _rows(connection, schema, "metric_mrr", columns):
        built[row["grain"], row["period_start"], _dimensions(row)] += row["mrr"]
    expected: dict[tuple[str, date, Dimensions], Decimal] = {}
    grains = {"day", *(grain for grain, _, _ in built)}
    for day, level in result.days():
        for grain in grains:
            if _closes(result, grain, day):
                period = PERIOD_START[grain](day)
                for dimensions, amount in level.items():
                    expected[grain, period, dimensions] = amount
    return _unequal("metric_mrr", built, expected)


def movement_differences(
    connection: psycopg.Connection[Any], schema: str, result: Result
) -> list[str]:
    """Compare metric_mrr_movements by customer, currency and day.

    How a typed change is spread over tuples is not compared: only that a tuple's rows add up to
    its change, the transfers to nothing, and the typed rows, all of one type, to the total.
    """
    columns = ("customer_id", "movement_date", "movement_type", *DIMENSIONS, "amount")
    Event = tuple[str, str, date]
    tuples: dict[tuple[Event, Dimensions], Decimal] = defaultdict(Decimal)
    totals: dict[Event, Decimal] = defaultdict(Decimal)
    transfers: dict[Event, Decimal] = defaultdict(Decimal)
    types: dict[Event, set[str]] = defaultdict(set)
    problems = []
    for row in _rows(connection, schema, "metric_mrr_movements", columns):
        event = (row["customer_id"], row["currency"], row["movement_date"])
        tuples[event, _dimensions(row)] += row["amount"]
        if row["amount"] == 0:
            problems.append(f"metric_mrr_movements: {_words(event)}: a row without an amount")
        if row["movement_type"] == "transfer":
            transfers[event] += row["amount"]
        else:
            totals[event] += row["amount"]
            if abs(row["amount"]) > TOLERANCE:
                types[event].add(row["movement_type"])
    expected_tuples: dict[tuple[Event, Dimensions], Decimal] = {}
    expected_totals: dict[Event, Decimal] = {}
    expected_types: dict[Event, set[str]] = {}
    for movement in result.movements:
        event = (movement.customer_id, movement.currency, movement.day)
        expected_totals[event] = movement.total
        if abs(movement.total) > TOLERANCE:
            expected_types[event] = {movement.type}
        for dimensions, amount in movement.changes.items():
            expected_tuples[event, dimensions] = amount
    problems += _unequal("metric_mrr_movements, change of a tuple", tuples, expected_tuples)
    problems += _unequal("metric_mrr_movements, total", totals, expected_totals)
    problems += _unequal("metric_mrr_movements, sum of transfers", transfers, {})
    for event in sorted(types.keys() | expected_types.keys()):
        found, wanted = types.get(event, set()), expected_types.get(event, set())
        if found != wanted:
            problems.append(
                f"metric_mrr_movements, type: {_words(event)}:"
                f" built {sorted(found)}, reference {sorted(wanted)}"
            )
    return problems


def waterfall_differences(
    connection: psycopg.Connection[Any], schema: str, result: Result
) -> list[str]:
    """Compare metric_mrr_waterfall.

    By tuple: opening, closing, and that the steps between add up. By period, tenant and currency:
    each type; transfers and rate changes add up to nothing.
    """
    steps = tuple(f"{name}_mrr" for name in (*TYPES, "transfer", "fx"))
    columns = ("grain", "period_start", *DIMENSIONS, "opening_mrr", *steps, "closing_mrr")
    built: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    expected: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    grains = set()
    for row in _rows(connection, schema, "metric_mrr_waterfall", columns):
        grains.add(row["grain"])
        period = (row["grain"], row["period_start"])
        built[(*period, *_dimensions(row), "opening")] += row["opening_mrr"]
        built[(*period, *_dimensions(row), "closing")] += row["closing_mrr"]
        for name in (*TYPES, "transfer", "fx"):
            amount = row[f"{name}_mrr"]
            sign = -1 if name in LOSSES else 1
            built[(*period, *_dimensions(row), "change")] += sign * amount
            built[(*period, row["tenant_id"], row["currency"], name)] += amount
    for grain in grains | {"month"}:
        for (start, dimensions), tuple_row in result.waterfall(grain).items():
            for name in ("opening", "change", "closing"):
                expected[(grain, start, *dimensions, name)] = getattr(tuple_row, name)
        for (start, tenant_id, currency), total in result.waterfall_totals(grain).items():
            for name in TYPES:
                expected[grain, start, tenant_id, currency, name] = getattr(total, name)
    return _unequal("metric_mrr_waterfall", built, expected)


def customer_differences(
    connection: psycopg.Connection[Any], schema: str, result: Result
) -> list[str]:
    """Compare metric_customers: customers with MRR at the end of each period, by tenant."""
    tenants = {change.tenant_id for change in result.level_changes}
    columns = ("grain", "period_start", "tenant_id", "dimension", "customers")
    built: dict[tuple[str, date, str], Decimal] = {}
    for row in _rows(connection, schema, "metric_customers", columns):
        # A row over all tenants is nobody's count here.
        if row["dimension"] == "total" and row["tenant_id"] in tenants:
            built[row["grain"], row["period_start"], row["tenant_id"]] = row["customers"]
    expected: dict[tuple[str, date, str], Decimal] = {}
    grains = {"month", *(grain for grain, _, _ in built)}
    for day, counts in result.active_counts():
        for grain in grains:
            if _closes(result, grain, day):
                for tenant_id, count in counts.items():
                    expected[grain, PERIOD_START[grain](day), tenant_id] = Decimal(count)
    return _unequal("metric_customers", built, expected)


def _closes(result: Result, grain: str, day: date) -> bool:
    """Whether a day is the last of its period, or the last there is."""
    start = PERIOD_START[grain]
    return day == result.last_day or start(day + ONE_DAY) != start(day)


def _dimensions(row: Mapping[str, Any]) -> Dimensions:
    return tuple(str(row[name]) for name in DIMENSIONS)


def _rows(
    connection: psycopg.Connection[Any], schema: str, relation: str, columns: Iterable[str]
) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(columns))
    is_by_source = "billing_source" in names
    query = sql.SQL("select {} from {} where {}").format(
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.Identifier(schema, relation),
        sql.SQL("billing_source = 'lago'" if is_by_source else "true"),
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query).fetchall()


def _unequal(what: str, built: Mapping[Key, Decimal], expected: Mapping[Key, Decimal]) -> list[str]:
    """Say where two sets of amounts differ; what is missing is 0."""
    problems = []
    for key in sorted(built.keys() | expected.keys(), key=repr):
        left, right = built.get(key, ZERO), expected.get(key, ZERO)
        if abs(left - right) > TOLERANCE:
            problems.append(f"{what}: {_words(key)}: built {left}, reference {right}")
    return problems


def _words(key: object) -> str:
    if isinstance(key, tuple):
        return " ".join(_words(part) for part in key)
    return str(key)
