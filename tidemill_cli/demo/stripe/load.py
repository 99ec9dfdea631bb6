"""Load Stripe's objects into a landing schema, as the sync engine of a generation would keep them.

An object is a dict as Stripe's API gives it. Two keys beside Stripe's own say what an engine adds:
`_account_id`, and `_last_synced_at` in unix seconds; both are optional and not kept in the payload,
but for v2, whose payload says them itself.
"""

import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from psycopg import Connection, Cursor, sql

from tidemill_cli.demo.stripe.schema import (
    Column,
    Generation,
    columns_of,
    create_events_table,
    existing_columns,
)

Object = Mapping[str, Any]

ACCOUNT = "acct_tidemill"
# The older engines have a table that no code of theirs ever writes.
NEVER_WRITTEN = {"classic": {"coupons"}, "replit": {"coupons"}}
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NULL = "\\N"


def load(
    conn: Connection[Any],
    objects: Mapping[str, Collection[Object]],
    schema: str = "stripe",
    *,
    generation: Generation = "v1",
    account: str = ACCOUNT,
    replace: bool = False,
) -> None:
    """Load objects by table; what the generation has no table or column for is lost.

    `account` owns the objects that name none. With `replace`, newer objects take the place of
    those with the same id; without, a known id is an error.
    """
    present = existing_columns(conn, schema)
    with conn.cursor() as cursor:
        if "accounts" in columns_of(generation):
            _add_accounts(cursor, schema, objects, account)
        for table, table_objects in objects.items():
            if table not in present or table in NEVER_WRITTEN.get(generation, ()):
                continue
            if table == "accounts":
                continue
            found = list(table_objects)
            if replace and found:
                cursor.execute(
                    sql.SQL("delete from {} where id = any(%s)").format(
                        sql.Identifier(schema, table)
                    ),
                    ([item["id"] for item in found],),
                )
            copy_text(cursor, schema, table, generation, render(table, found, generation, account))


def load_events(conn: Connection[Any], events: Iterable[Object], schema: str = "stripe") -> None:
    """Append webhook bodies to the table of events a user may keep; creates it."""
    create_events_table(conn, schema)
    with conn.cursor() as cursor:
        copy_events(cursor, schema, render_events(events))


def render(
    table: str, objects: Iterable[Object], generation: Generation, account: str = ACCOUNT
) -> str:
    """Render objects of one table as COPY text."""
    if generation == "classic":
        lines = [_typed(columns_of("classic")[table], item) for item in objects]
    else:
        written = names(table, generation)
        if generation == "v2":
            # There, what is deleted is gone.
            objects = [item for item in objects if not item.get("deleted")]
        lines = [_payload(item, generation, account, written) for item in objects]
    lines.append("")
    return "\n".join(lines)


def render_events(events: Iterable[Object]) -> str:
    """Render webhook bodies as COPY text of the table of events."""
    lines = [
        "\t".join(
            (
                event["id"],
                event["type"],
                _moment(event["created"]),
                event["api_version"],
                _json(event["data"]),
            )
        )
        for event in events
    ]
    lines.append("")
    return "\n".join(lines)


@cache
def names(table: str, generation: Generation) -> tuple[str, ...]:
    """Return the columns that are written: generated ones fill themselves."""
    if generation == "classic":
        return tuple(column.name for column in columns_of(generation)[table])
    order: tuple[str, ...] = ("_raw_data", "_last_synced_at", "_updated_at", "_account_id")
    if generation == "v2":
        # It has the second too, and never fills it.
        order = ("_raw_data", "_updated_at")
    has = {column.name for column in columns_of(generation)[table]}
    return tuple(name for name in order if name in has)


def copy_text(
    cursor: Cursor[Any], schema: str, table: str, generation: Generation, text: str
) -> None:
    """Copy rendered rows into a landing table."""
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(schema, table),
        sql.SQL(", ").join(map(sql.Identifier, names(table, generation))),
    )
    with cursor.copy(statement) as copy:
        copy.write(text.encode())


def copy_events(cursor: Cursor[Any], schema: str, text: str) -> None:
    """Copy rendered events into the table of events."""
    statement = sql.SQL("copy {} (id, type, created, api_version, data) from stdin").format(
        sql.Identifier(schema, "stripe_events")
    )
    with cursor.copy(statement) as copy:
        copy.write(text.encode())


def _add_accounts(
    cursor: Cursor[Any], schema: str, objects: Mapping[str, Collection[Object]], account: str
) -> None:
    """Add the accounts of what is to be loaded: every row refers to one."""
    known: dict[str, Object] = {item["id"]: item for item in objects.get("accounts", ())}
    owners = {
        item.get("_account_id", account)
        for table, table_objects in objects.items()
        if table != "accounts"
        for item in table_objects
    }
    for owner in sorted(owners - set(known)):
        known[owner] = {"id": owner, "object": "account"}
    for item in known.values():
        cursor.execute(
            sql.SQL(
                "insert into {} (_raw_data, _last_synced_at) select %(raw)s::jsonb, now()"
                " where not exists (select from {} where id = %(id)s)"
            ).format(*[sql.Identifier(schema, "accounts")] * 2),
            {"raw": json.dumps(_stripped(item)), "id": item["id"]},
        )


def _payload(item: Object, generation: Generation, account: str, written: Sequence[str]) -> str:
    synced = item.get("_last_synced_at")
    moment = None if synced is None else _moment(synced)
    owner = item.get("_account_id", account)
    raw = _stripped(item)
    if generation == "v2":
        raw = {**raw, "_account_id": owner, "_updated_at": synced or int(time.time())}
    fields = {
        "_raw_data": _json(raw),
        "_last_synced_at": moment or _NULL,
        "_updated_at": moment or "now",
        "_account_id": owner,
    }
    return "\t".join([fields[name] for name in written])


def _typed(columns: Sequence[Column], item: Object) -> str:
    synced = item.get("_last_synced_at")
    fields = []
    for column in columns:
        if column.name in ("last_synced_at", "updated_at"):
            value = synced
            fields.append(_moment(value) if value is not None else "now")
        elif column.name == "deleted":
            fields.append("t" if item.get("deleted") else "f")
        else:
            fields.append(_FIELDS.get(column.type, _scalar)(item.get(column.name)))
    return "\t".join(fields)


def _scalar(value: object) -> str:
    """A typed column; a reference that was delivered as an object lands as its JSON text."""
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, dict | list):
        return _json(value)
    return str(value).translate(_ESCAPES)


def _document(value: object) -> str:
    return _NULL if value is None else _json(value)


_FIELDS: dict[str, Callable[[object], str]] = {"jsonb": _document}


def _stripped(item: Object) -> Object:
    if "_account_id" in item or "_last_synced_at" in item:
        return {key: value for key, value in item.items() if key[0] != "_"}
    return item


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).translate(_ESCAPES)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
