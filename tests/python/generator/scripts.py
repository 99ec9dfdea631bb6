"""Short words for scripting the simulator and reading its rows."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tidemill_cli.demo.lago.engine import LagoEngine

Row = Mapping[str, Any]


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def naive(text: str) -> datetime:
    """An instant as Lago's columns hold it."""
    return datetime.fromisoformat(text)


def engine() -> LagoEngine:
    return LagoEngine(seed=1, start=at("2024-01-01"))


def rows(lago: LagoEngine, table: str, *columns: str, **having: object) -> list[Any]:
    """Some columns of the rows that have some values; bare values when there is one column."""
    found = [
        row
        for row in lago.rows[table]
        if all(row[column] == value for column, value in having.items())
    ]
    if len(columns) == 1:
        return [row[columns[0]] for row in found]
    return [tuple(row[column] for column in columns) for row in found] if columns else found


def base_fees(lago: LagoEngine) -> list[tuple[str, str, int, int]]:
    """Base fees as (first day, last day, amount, full price)."""
    return [
        (
            fee["properties"]["from_datetime"],
            fee["properties"]["to_datetime"],
            fee["amount_cents"],
            fee["amount_details"]["plan_amount_cents"],
        )
        for fee in rows(lago, "fees", fee_type=2)
    ]
