"""Load rows into the tables of a Kill Bill database."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from psycopg import Connection, Cursor, sql

from tidemill_cli.demo.killbill.rows import Row
from tidemill_cli.demo.killbill.schema import existing_columns

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def load(conn: Connection[Any], rows: Mapping[str, Iterable[Row]], schema: str = "public") -> None:
    """Load rows by table; what an older release has no column for is lost."""
    present = existing_columns(conn, schema)
    with conn.cursor() as cursor:
        for table, table_rows in rows.items():
            found = kept(table, present.get(table, set()), table_rows)
            if found and table in present:
                names = columns_of(table, present[table], found)
                copy_text(cursor, schema, table, names, render(table, names, found))


def kept(table: str, present: set[str], rows: Iterable[Row]) -> list[Row]:
    """Return the rows that a release writes: 0.22 knows neither quantities nor expiries."""
    if table == "subscription_events" and "quantity" not in present:
        newer = ("QUANTITY_UPDATE", "EXPIRED")
        return [row for row in rows if row["event_type"] not in newer]
    return list(rows)


def columns_of(table: str, present: set[str], rows: list[Row]) -> tuple[str, ...]:
    """Return the columns that are written of a table."""
    names = [name for name in rows[0] if name in present]
    if table == "invoice_payments" and "success" in present:
        names.append("success")
    return tuple(names)


def render(table: str, names: Iterable[str], rows: Iterable[Row]) -> str:
    """Render rows as COPY text."""
    names = tuple(names)
    if table == "invoice_payments" and "success" in names:
        rows = [{**row, "success": row["status"] == "SUCCESS"} for row in rows]
    lines = ["\t".join([_text(row[name]) for name in names]) for row in rows]
    lines.append("")
    return "\n".join(lines)


def copy_text(
    cursor: Cursor[Any], schema: str, table: str, names: Iterable[str], text: str
) -> None:
    """Copy rendered rows into a table."""
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(schema, table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with cursor.copy(statement) as copy:
        copy.write(text.encode())


def _text(value: object) -> str:
    match value:
        case None:
            return "\\N"
        case bool():
            return "t" if value else "f"
        case str():
            return value.translate(_ESCAPES)
        case datetime():
            # Without a zone, and in UTC: as Kill Bill keeps all instants.
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case date():
            return value.isoformat()
        case _:
            return str(value)
