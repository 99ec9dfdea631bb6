"""Create the Kill Bill tables a billing history needs, in the shape of a supported release.

`columns.csv` holds the shape of 0.24 and later, which do not differ; `at_0_22` is the type a column
had in 0.22 where it was another, or `none` where there was no such column (and a type of `none` is
a column that 0.22 alone has). Kill Bill's own DDL spells instants and long texts as domains, in the
schema of its tables; there are no foreign keys.
"""

import csv
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple, get_args

from psycopg import Connection, sql
from psycopg.rows import tuple_row

Release = Literal["0.22", "0.24"]
RELEASES: tuple[Release, ...] = get_args(Release)

_DOMAINS = {"datetime": "timestamp without time zone", "mediumtext": "text"}
# Beside the keys: what Kill Bill looks up most.
_INDEXES = {
    "account_history": ("target_record_id",),
    "blocking_states": ("blockable_id",),
    "bundles": ("account_id", "external_key"),
    "subscriptions": ("bundle_id",),
    "subscription_events": ("subscription_id", "effective_date"),
    "invoices": ("account_id",),
    "invoice_parent_children": ("parent_invoice_id", "child_invoice_id"),
    "invoice_items": ("invoice_id", "subscription_id", "linked_item_id"),
    "invoice_payments": ("invoice_id", "payment_id"),
    "payments": ("account_id",),
    "payment_transactions": ("payment_id",),
    "custom_fields": ("object_id",),
    "tags": ("object_id",),
    "rolled_up_usage": ("subscription_id",),
}


class Column(NamedTuple):
    """One column of a Kill Bill table."""

    table: str
    name: str
    type: str
    nullable: bool


@cache
def columns_at(release: Release) -> dict[str, list[Column]]:
    """Return table -> columns as a release has them."""
    if release not in RELEASES:
        message = f"unknown Kill Bill release {release!r}: one of {', '.join(RELEASES)}"
        raise ValueError(message)
    text = files(__package__).joinpath("columns.csv").read_text(encoding="utf-8")
    tables: dict[str, list[Column]] = {}
    for row in csv.DictReader(text.splitlines()):
        column_type = row["type"]
        if release == "0.22" and row["at_0_22"]:
            column_type = row["at_0_22"]
        if column_type != "none":
            tables.setdefault(row["table"], []).append(
                Column(row["table"], row["column"], column_type, row["nullable"] == "YES")
            )
    return tables


def create_schema(
    conn: Connection[Any],
    schema: str = "public",
    release: Release = "0.24",
    *,
    keys: bool = True,
) -> None:
    """Create the domains and tables of a release; bulk loading adds keys and indexes later."""
    with conn.cursor() as cursor:
        cursor.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
        for name, base in _DOMAINS.items():
            cursor.execute(
                sql.SQL("create domain {} as {}").format(
                    sql.Identifier(schema, name), _fragment(base)
                )
            )
        for table, columns in columns_at(release).items():
            cursor.execute(
                sql.SQL("create table {} ({})").format(
                    sql.Identifier(schema, table),
                    sql.SQL(", ").join(_definition(column, schema) for column in columns),
                )
            )
    if keys:
        create_keys(conn, schema)


def create_keys(conn: Connection[Any], schema: str = "public") -> None:
    """Add primary keys and indexes where they are missing, and let counters go on from the rows."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        for table, columns in existing_columns(conn, schema).items():
            name = sql.Identifier(schema, table)
            cursor.execute(
                "select from information_schema.table_constraints where table_schema = %s"
                " and table_name = %s and constraint_type = 'PRIMARY KEY'",
                (schema, table),
            )
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("alter table {} add primary key (record_id)").format(name))
            if "id" in columns:
                # A row of history has the id of what it tells of.
                _index(cursor, schema, table, ("id",), unique=not table.endswith("_history"))
            if {"tenant_record_id", "account_record_id"} <= columns:
                _index(cursor, schema, table, ("tenant_record_id", "account_record_id"))
            for column in _INDEXES.get(table, ()):
                _index(cursor, schema, table, (column,))
            cursor.execute(
                sql.SQL(
                    "select setval(pg_get_serial_sequence({}, 'record_id'), max(record_id))"
                    " from {} having max(record_id) is not null"
                ).format(sql.Literal(name.as_string(None)), name)
            )


def existing_columns(conn: Connection[Any], schema: str = "public") -> dict[str, set[str]]:
    """Return table -> column names of the Kill Bill tables that exist in a schema."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = %s and table_name = any(%s)",
            (schema, [*columns_at("0.24")]),
        )
        present: dict[str, set[str]] = {}
        for table, column in cursor.fetchall():
            present.setdefault(table, set()).add(column)
    return present


def _index(
    cursor: Any,  # noqa: ANN401 - of any row type
    schema: str,
    table: str,
    columns: tuple[str, ...],
    *,
    unique: bool = False,
) -> None:
    cursor.execute(
        sql.SQL("create {} index if not exists {} on {} ({})").format(
            sql.SQL("unique" if unique else ""),
            sql.Identifier(f"{table}_{'_'.join(columns)}_idx"),
            sql.Identifier(schema, table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
        )
    )


def _definition(column: Column, schema: str) -> sql.Composable:
    if column.name == "record_id":
        return sql.SQL("record_id bigserial not null")
    column_type: sql.Composable = _fragment(column.type)
    if column.type in _DOMAINS:
        column_type = sql.Identifier(schema, column.type)
    required = sql.SQL("") if column.nullable else sql.SQL("not null")
    return sql.SQL("{} {} {}").format(sql.Identifier(column.name), column_type, required)


def _fragment(text: str) -> sql.SQL:
    """Turn package data (never user input) into SQL."""
    known: Any = text
    return sql.SQL(known)
