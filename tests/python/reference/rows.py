"""Reading raw rows: the least interpretation a column needs, and nothing about subscriptions."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
Key = TypeVar("Key", bound=Hashable)

LAGO_TABLES = (
    "applied_coupons",
    "billing_entities",
    "commitments",
    "coupon_targets",
    "coupons",
    "credits",
    "customers",
    "fees",
    "fixed_charge_events",
    "fixed_charges",
    "invoice_subscriptions",
    "invoices",
    "plans",
    "subscription_activation_rules",
    "subscription_fixed_charge_units_overrides",
    "subscriptions",
)
HISTORY_IDS = {
    "lago_plans_history": "plan_id",
    "lago_subscriptions_history": "segment_id",
    "lago_fixed_charges_history": "fixed_charge_id",
    "lago_applied_coupons_history": "applied_coupon_id",
    "lago_customers_history": "customer_id",
}

# Every currency whose minor unit is not a hundredth; all others are divided by 100.
NO_SUBUNITS = (
    *("BIF", "CLP", "DJF", "GNF", "HUF", "ISK", "JPY", "KMF", "KRW"),
    *("MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
)
SUBUNITS = {
    **dict.fromkeys(NO_SUBUNITS, 1),
    **dict.fromkeys(("BHD", "JOD", "KWD"), 1000),
    "CLF": 10000,
    "MRO": 5,
}
TEN_PLACES = Decimal("1e-10")


def number(value: object) -> Decimal:
    """A number or numeric text as an exact decimal; nothing is 0."""
    return Decimal(0) if value is None else Decimal(str(value))


def round_ten(value: Decimal) -> Decimal:
    """Round to 10 decimals, halves away from zero."""
    return value.quantize(TEN_PLACES, rounding=ROUND_HALF_UP)


def major(minor_units: Decimal, currency: str) -> Decimal:
    """Minor units of a currency in its major unit."""
    return minor_units / SUBUNITS.get(currency, 100)


def text(value: object) -> str:
    """An id as text, whatever type it was read as."""
    return str(value)


def maybe_text(value: object) -> str | None:
    """An id as text, or None."""
    return None if value is None else str(value)


def instant(value: datetime | str) -> datetime:
    """An instant in UTC: Lago's timestamps are naive UTC, its JSON holds ISO text."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def maybe_instant(value: datetime | str | None) -> datetime | None:
    """An instant in UTC, or None."""
    return instant(value) if value else None


def exclusive_end(inclusive: datetime) -> datetime:
    """The instant after an inclusive end written as 59.999 or 59.999999."""
    later = inclusive + timedelta(milliseconds=1)
    return later.replace(microsecond=later.microsecond // 1000 * 1000)


def by_id(rows: Iterable[Row]) -> dict[str, Row]:
    """Rows by their id."""
    return {text(row["id"]): row for row in rows}


def grouped(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    """Rows in lists by a key, in the order they came."""
    groups: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def creation_order(row: Row) -> tuple[datetime, str]:
    """The order in which rows were written."""
    return instant(row["created_at"]), text(row["id"])


def read_raw(
    connection: psycopg.Connection[Any], schema: str, history_schema: str
) -> tuple[dict[str, list[Row]], dict[str, list[Row]]]:
    """Fetch (raw, history) from PostgreSQL: every table of ours that exists, whole."""
    raw = {name: _read(connection, schema, name) for name in LAGO_TABLES}
    history = {name: _read(connection, history_schema, name) for name in HISTORY_IDS}
    return (
        {name: rows for name, rows in raw.items() if rows is not None},
        {
            name: [_captured(row, HISTORY_IDS[name]) for row in rows]
            for name, rows in history.items()
            if rows is not None
        },
    )


def _captured(row: Row, id_column: str) -> Row:
    """A captured version under Lago's own names: ids as id, a plan's price in minor units."""
    version = {**row, "id": row[id_column]}
    if id_column == "plan_id":
        subunits = SUBUNITS.get(str(row["currency"]), 100)
        version["amount_cents"] = None if row["amount"] is None else row["amount"] * subunits
    return version


def _read(connection: psycopg.Connection[Any], schema: str, name: str) -> list[Row] | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "select 1 as found from information_schema.tables"
            " where table_schema = %s and table_name = %s",
            (schema, name),
        )
        if cursor.fetchone() is None:
            return None
        cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(schema, name)))
        return list(cursor.fetchall())
