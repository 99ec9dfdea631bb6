"""Create the Lago tables a billing history needs, in the shape of any supported release.

`columns.csv`, `enums.csv` and `indexes.csv` hold the shape at HEAD; the `since` column says which
release brought a column, empty meaning at or before the first one supported. Where no release is
known for certain it is a guess, late rather than early: for the two tables
`subscription_fixed_charge_units_overrides` (v1.33) and `subscription_activation_rules` (v1.45), for
`plans.bill_fixed_charges_monthly` (v1.32), for the fixed charge bounds of `invoice_subscriptions`
(v1.33), and for the columns that making a voided invoice again needs (v1.31).
"""

import csv
import re
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from psycopg import Connection, sql
from psycopg.rows import tuple_row

RELEASES = (
    "v1.26",
    "v1.27",
    "v1.28",
    "v1.31",
    "v1.32",
    "v1.33",
    "v1.40",
    "v1.45",
    "v1.46",
    "v1.49",
    "v1.51",
    "HEAD",
)

# Optional only since a plan may be priced by the (unreleased) product catalogue instead.
_REQUIRED_BEFORE_HEAD = {
    ("plans", "interval"),
    ("plans", "amount_cents"),
    ("plans", "pay_in_advance"),
}
_LEGACY_PLAN_CHECK = sql.SQL(
    "constraint legacy_plan_has_a_price check (pricing_type <> 'legacy'"
    " or (interval is not null and amount_cents is not null and pay_in_advance is not null))"
)


class Column(NamedTuple):
    """One column of a Lago table at HEAD."""

    table: str
    name: str
    type: str
    nullable: bool
    default: str
    since: str


def _read(name: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def columns() -> tuple[Column, ...]:
    """Return every column of the tables a billing history needs, at HEAD."""
    return tuple(
        Column(
            row["table"],
            row["column"],
            row["type"],
            row["nullable"] == "YES",
            row["default"],
            row["since"],
        )
        for row in _read("columns.csv")
    )


def columns_at(release: str) -> dict[str, list[Column]]:
    """Return table -> columns as the given release has them."""
    if release not in RELEASES:
        message = f"unknown Lago release {release!r}: one of {', '.join(RELEASES)}"
        raise ValueError(message)
    reached = RELEASES.index(release)
    tables: dict[str, list[Column]] = {}
    for column in columns():
        if not column.since or RELEASES.index(column.since) <= reached:
            tables.setdefault(column.table, []).append(column)
    return tables


def _fragment(text: str, schema: str) -> sql.SQL:
    """Turn package data (never user input) into SQL, with its type names moved to the schema."""
    quoted = sql.Identifier(schema).as_string(None)
    moved: Any = text.replace("public.", f"{quoted}.")
    return sql.SQL(moved)


def _column_definition(column: Column, schema: str, release: str) -> sql.Composable:
    column_type = column.type
    required = not column.nullable
    if column.table == "versions" and column.name == "id":
        column_type = "bigserial"
    if release != "HEAD" and (column.table, column.name) in _REQUIRED_BEFORE_HEAD:
        required = True
    parts: list[sql.Composable] = [sql.Identifier(column.name), _fragment(column_type, schema)]
    if column.default:
        parts += [sql.SQL("default"), _fragment(column.default, schema)]
    if required:
        parts.append(sql.SQL("not null"))
    return sql.SQL(" ").join(parts)


def create_schema(
    conn: Connection[Any],
    schema: str = "public",
    release: str = "HEAD",
    *,
    indexes: bool = True,
    primary_keys: bool = True,
) -> None:
    """Create the native enums and tables of a release; bulk loading adds keys and indexes later."""
    tables = columns_at(release)
    used = {column.type for table in tables.values() for column in table}
    with conn.cursor() as cursor:
        cursor.execute(
            sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)),
        )
        for enum, labels in _enums().items():
            if f"public.{enum}" not in used:
                continue
            cursor.execute(
                sql.SQL("create type {} as enum ({})").format(
                    sql.Identifier(schema, enum),
                    sql.SQL(", ").join(sql.Literal(label) for label in labels),
                )
            )
        for table, table_columns in tables.items():
            body = [_column_definition(column, schema, release) for column in table_columns]
            if table == "plans" and release == "HEAD":
                body.append(_LEGACY_PLAN_CHECK)
            cursor.execute(
                sql.SQL("create table {} ({})").format(
                    sql.Identifier(schema, table),
                    sql.SQL(", ").join(body),
                )
            )
    if primary_keys:
        create_primary_keys(conn, schema)
    if indexes:
        create_indexes(conn, schema)


def create_primary_keys(conn: Connection[Any], schema: str = "public") -> None:
    """Add the primary key on `id` to every table that has none yet."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(
            """
            select distinct c.table_name
            from information_schema.columns as c
            where c.table_schema = %(schema)s and c.column_name = 'id'
                and c.table_name = any(%(tables)s)
                and not exists (
                    select from information_schema.table_constraints as k
                    where k.table_schema = c.table_schema and k.table_name = c.table_name
                        and k.constraint_type = 'PRIMARY KEY'
                )
            order by c.table_name
            """,
            {"schema": schema, "tables": [*columns_at("HEAD")]},
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                sql.SQL("alter table {} add primary key (id)").format(sql.Identifier(schema, table))
            )


def create_indexes(conn: Connection[Any], schema: str = "public") -> None:
    """Create Lago's indexes whose columns exist (none of them needs a contrib extension)."""
    present = existing_columns(conn, schema)
    at_head = columns_at("HEAD")
    with conn.cursor(row_factory=tuple_row) as cursor:
        for number, row in enumerate(_read("indexes.csv"), start=1):
            table, definition = row["table"], row["columns"]
            words = set(re.findall(r"[a-z_]+", definition))
            needed = words & {column.name for column in at_head[table]}
            if not needed <= present.get(table, set()):
                continue
            statement = "create {unique} index if not exists {name} on {table} {definition}"
            cursor.execute(
                sql.SQL(statement).format(
                    unique=sql.SQL("unique" if row["unique"] == "yes" else ""),
                    name=sql.Identifier(f"index_{table}_{number:03d}"),
                    table=sql.Identifier(schema, table),
                    definition=_fragment(definition, schema),
                )
            )


def existing_columns(conn: Connection[Any], schema: str = "public") -> dict[str, set[str]]:
    """Return table -> column names of the Lago tables that exist in a schema."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = %s and table_name = any(%s)",
            (schema, [*columns_at("HEAD")]),
        )
        present: dict[str, set[str]] = {}
        for table, column in cursor.fetchall():
            present.setdefault(table, set()).add(column)
    return present


@cache
def _enums() -> dict[str, list[str]]:
    enums: dict[str, list[str]] = {}
    for row in _read("enums.csv"):
        enums.setdefault(row["enum"], []).append(row["label"])
    return enums


@cache
def subunits() -> dict[str, int]:
    """Return currency -> minor units per major unit."""
    return {row["currency"]: int(row["subunit_to_unit"]) for row in _read("currencies.csv")}
