"""Create the landing schema that a Stripe sync engine keeps in PostgreSQL.

Four generations exist: `classic` (@supabase/stripe-sync-engine: typed columns, no payload),
`replit` (stripe-replit-sync), `v1` (@stripe/sync-engine: `_raw_data`, every other column generated
from it) and `v2` (@stripe/sync-*: the same, and the account and the time are in the payload too).
`columns.csv` holds their columns; `read` says how a generated column reads the payload: `value`,
`json`, `reference` (an id, or an object that has one) or a path.

v2 makes a column of every field that the API's description has, in types that change from build to
build: what the API may leave null is text. Nothing reads them, so the file has those that every
table has, and a few of the others that show it. Of the tables it has those that v2 lands unasked.
"""

import csv
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple, get_args

from psycopg import Connection, sql
from psycopg.rows import tuple_row

Generation = Literal["classic", "replit", "v1", "v2"]
GENERATIONS: tuple[Generation, ...] = get_args(Generation)

_ENUMS = {
    "subscription_status": (
        "trialing",
        "active",
        "canceled",
        "incomplete",
        "incomplete_expired",
        "past_due",
        "unpaid",
        "paused",
    ),
    "invoice_status": ("draft", "open", "paid", "uncollectible", "void", "deleted"),
    "pricing_type": ("one_time", "recurring"),
    "pricing_tiers": ("graduated", "volume"),
    "subscription_schedule_status": (
        "not_started",
        "active",
        "completed",
        "released",
        "canceled",
    ),
}
_DEFAULTS = {
    "_updated_at": "now()",
    "updated_at": "now()",
    "first_synced_at": "now()",
    "api_key_hashes": "'{}'",
}


class Column(NamedTuple):
    """One column of a landing table."""

    generation: str
    table: str
    name: str
    type: str
    nullable: bool
    read: str


@cache
def columns() -> tuple[Column, ...]:
    """Return every column of the tables a billing history needs, of every generation."""
    text = files(__package__).joinpath("columns.csv").read_text(encoding="utf-8")
    return tuple(
        Column(
            row["generation"],
            row["table"],
            row["column"],
            row["type"],
            row["nullable"] == "yes",
            row["read"],
        )
        for row in csv.DictReader(text.splitlines())
    )


@cache
def columns_of(generation: str) -> dict[str, list[Column]]:
    """Return table -> columns of one generation."""
    if generation not in GENERATIONS:
        message = f"unknown generation {generation!r}: one of {', '.join(GENERATIONS)}"
        raise ValueError(message)
    tables: dict[str, list[Column]] = {}
    for column in columns():
        if column.generation == generation:
            tables.setdefault(column.table, []).append(column)
    return tables


def create_schema(
    conn: Connection[Any],
    schema: str = "stripe",
    generation: Generation = "v1",
    *,
    keys: bool = True,
) -> None:
    """Create the enums and tables of a generation; bulk loading adds the keys later."""
    tables = columns_of(generation)
    with conn.cursor() as cursor:
        cursor.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
        if generation == "classic":
            for enum, labels in _ENUMS.items():
                cursor.execute(
                    sql.SQL("create type {} as enum ({})").format(
                        sql.Identifier(schema, enum),
                        sql.SQL(", ").join(map(sql.Literal, labels)),
                    )
                )
        for table, table_columns in tables.items():
            cursor.execute(
                sql.SQL("create table {} ({})").format(
                    sql.Identifier(schema, table),
                    sql.SQL(", ").join(_definition(column, schema) for column in table_columns),
                )
            )
        if generation in ("classic", "replit"):
            # The library that runs their migrations leaves its journal here.
            cursor.execute(
                sql.SQL(
                    "create table {} (id integer primary key, name varchar(100) not null,"
                    " hash varchar(40) not null, executed_at timestamp default now())"
                ).format(sql.Identifier(schema, "migrations"))
            )
    if keys:
        create_keys(conn, schema)


def create_keys(conn: Connection[Any], schema: str = "stripe") -> None:
    """Add primary keys, and what refers to the table of accounts, where they are missing yet."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        present = existing_columns(conn, schema)
        cursor.execute(
            "select table_name, constraint_type from information_schema.table_constraints"
            " where table_schema = %s",
            (schema,),
        )
        found = set(cursor.fetchall())
        for table in sorted(present):
            name = sql.Identifier(schema, table)
            if (table, "PRIMARY KEY") not in found:
                # v2 keeps no table of accounts: a row's own is a part of its key.
                is_shared = "accounts" not in present and "_account_id" in present[table]
                key = sql.SQL("id, _account_id" if is_shared else "id")
                cursor.execute(sql.SQL("alter table {} add primary key ({})").format(name, key))
        for table in sorted(present):
            if (
                "accounts" in present
                and "_account_id" in present[table]
                and (table, "FOREIGN KEY") not in found
            ):
                cursor.execute(
                    sql.SQL("alter table {} add foreign key (_account_id) references {}").format(
                        sql.Identifier(schema, table), sql.Identifier(schema, "accounts")
                    )
                )


def create_events_table(conn: Connection[Any], schema: str = "stripe") -> None:
    """Create the append-only table of events a user may keep beside the landing."""
    conn.execute(
        sql.SQL(
            "create table if not exists {} (id text primary key, type text not null,"
            " created timestamptz not null, api_version text, data jsonb not null)"
        ).format(sql.Identifier(schema, "stripe_events"))
    )


def existing_columns(conn: Connection[Any], schema: str = "stripe") -> dict[str, set[str]]:
    """Return table -> column names of the landing tables that exist in a schema."""
    tables = {column.table for column in columns()}
    with conn.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = %s and table_name = any(%s)",
            (schema, sorted(tables)),
        )
        present: dict[str, set[str]] = {}
        for table, column in cursor.fetchall():
            present.setdefault(table, set()).add(column)
    return present


def _definition(column: Column, schema: str) -> sql.Composable:
    if column.type.startswith("enum:"):
        column_type: sql.Composable = sql.Identifier(schema, column.type.removeprefix("enum:"))
    else:
        column_type = _fragment(column.type)
    parts: list[sql.Composable] = [sql.Identifier(column.name), column_type]
    if column.read:
        expression = _expression(column)
        parts.append(sql.SQL("generated always as ({}) stored").format(expression))
    elif column.name in _DEFAULTS:
        parts.append(_fragment(f"default {_DEFAULTS[column.name]}"))
    elif column.type == "boolean" and not column.nullable:
        parts.append(sql.SQL("default false"))
    if not column.nullable:
        parts.append(sql.SQL("not null"))
    return sql.SQL(" ").join(parts)


def _expression(column: Column) -> sql.Composable:
    """Read a generated column from the payload as the engines do."""
    field = sql.Literal(column.name)
    match column.read:
        case "json":
            return sql.SQL("_raw_data -> {}").format(field)
        case "reference":
            return sql.SQL(
                "case when jsonb_typeof(_raw_data -> {0}) = 'object' and _raw_data -> {0} ? 'id'"
                " then _raw_data -> {0} ->> 'id' else _raw_data ->> {0} end"
            ).format(field)
        case "value" if column.type == "text":
            return sql.SQL("_raw_data ->> {}").format(field)
        case "value" if column.generation in ("v1", "v2"):
            return sql.SQL("nullif(_raw_data ->> {}, '')::{}").format(field, _fragment(column.type))
        case "value":
            return sql.SQL("(_raw_data ->> {})::{}").format(field, _fragment(column.type))
        case path:
            outer, inner = path.split(".")
            return sql.SQL("_raw_data -> {} ->> {}").format(sql.Literal(outer), sql.Literal(inner))


def _fragment(text: str) -> sql.SQL:
    """Turn package data (never user input) into SQL."""
    known: Any = text
    return sql.SQL(known)
