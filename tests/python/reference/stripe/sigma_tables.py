"""Sigma's tables as @stripe/sync-engine 1.0 makes and fills them."""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from .sigma import Event

TABLE = "subscription_item_change_events"
BETA = f"{TABLE}_v2_beta"
# The key has columns of its own; all others are read from the row as Sigma's CSV gave it.
KEY = {
    "subscription_item_id": "text not null",
    "event_timestamp": "timestamptz not null",
    "event_type": "text not null",
}
GENERATED = {
    "product_id": "text",
    "price_id": "text",
    "customer_id": "text",
    "subscription_id": "text",
    "currency": "text",
    "mrr_change": "bigint",
    "local_event_timestamp": "text",
    "quantity_change": "bigint",
}


def create_table(
    connection: psycopg.Connection[Any], schema: str = "sigma", table: str = TABLE
) -> None:
    """Create one of the two tables, in a schema of any name."""
    generated = [
        f"{name} {kind} generated always as ((nullif(_raw_data->>'{name}', ''))::{kind}) stored"
        for name, kind in GENERATED.items()
    ]
    columns = [
        "_raw_data jsonb not null",
        "_last_synced_at timestamptz",
        "_updated_at timestamptz default now()",
        "_account_id text not null",
        *(f"{name} {kind}" for name, kind in KEY.items()),
        *generated,
        f"primary key (_account_id, {', '.join(KEY)})",
    ]
    connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    connection.execute(
        sql.SQL("create table {} ({})").format(
            sql.Identifier(schema, table),
            sql.SQL(", ").join(map(sql.SQL, columns)),  # type: ignore[arg-type]
        )
    )


def load_events(
    connection: psycopg.Connection[Any],
    events: Iterable[Event],
    schema: str = "sigma",
    table: str = TABLE,
) -> None:
    """Insert events; of two with one key the later one stays, as the engine has it."""
    statement = sql.SQL(
        "insert into {} (_raw_data, _account_id, subscription_item_id, event_timestamp, event_type)"
        " values (%s, %s, %s, %s, %s)"
        " on conflict (_account_id, subscription_item_id, event_timestamp, event_type)"
        " do update set _raw_data = excluded._raw_data"
    ).format(sql.Identifier(schema, table))
    with connection.cursor() as cursor:
        cursor.executemany(
            statement,
            [
                (
                    Jsonb({name: str(event[name]) for name in GENERATED if name in event}),
                    event["_account_id"],
                    event["subscription_item_id"],
                    event["event_timestamp"],
                    event["event_type"],
                )
                for event in events
            ],
        )
