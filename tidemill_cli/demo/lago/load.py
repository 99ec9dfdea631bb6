"""Load rows with COPY, and generate a whole history straight into a database."""

import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from typing import Any

from psycopg import Connection, Cursor, sql
from psycopg.types.json import Jsonb

from tidemill_cli.demo.lago.history import History, Scale
from tidemill_cli.demo.lago.rows import TABLES, Row
from tidemill_cli.demo.lago.schema import (
    create_indexes,
    create_primary_keys,
    create_schema,
    existing_columns,
)

CHUNK = 250
_PARALLEL_FROM = 20_000

Layout = dict[str, tuple[int, ...]]
Block = dict[str, bytes]


def load(
    conn: Connection[Any],
    rows: Mapping[str, Iterable[Row] | Iterable[Mapping[str, object]]],
    schema: str = "public",
) -> None:
    """Load rows by table, as COPY fields or as dicts; tables and columns of later releases drop."""
    present = existing_columns(conn, schema)
    layout = _layout(present)
    with conn.cursor() as cursor:
        for table, table_rows in rows.items():
            if table not in present:
                continue
            tuples: list[Row] = []
            dicts: list[Mapping[str, object]] = []
            for row in table_rows:
                if isinstance(row, Mapping):
                    dicts.append(row)
                else:
                    tuples.append(row)
            if tuples:
                _copy(cursor, schema, table, layout, _render(layout[table], tuples))
            if dicts:
                _copy_dicts(cursor, schema, table, present[table], dicts)


def _layout(present: Mapping[str, set[str]]) -> Layout:
    """Return which positions of each table's rows the database has columns for."""
    return {
        table: tuple(place for place, (name, _) in enumerate(columns) if name in present[table])
        for table, columns in TABLES.items()
        if table in present
    }


def _render(places: tuple[int, ...], rows: Iterable[Row]) -> bytes:
    """Join rows into COPY text."""
    rows = list(rows)
    if rows and len(places) < len(rows[0]):
        rows = [[row[place] for place in places] for row in rows]
    lines = ["\t".join(row) for row in rows]
    lines.append("")
    return "\n".join(lines).encode()


def _copy(
    cursor: Cursor[Any],
    schema: str,
    table: str,
    layout: Layout,
    text: bytes,
    *,
    freeze: bool = False,
) -> None:
    names = [TABLES[table][place][0] for place in layout[table]]
    statement = sql.SQL("copy {} ({}) from stdin {}").format(
        sql.Identifier(schema, table),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL("(freeze)" if freeze else ""),
    )
    with cursor.copy(statement) as copy:
        copy.write(text)


def _copy_dicts(
    cursor: Cursor[Any],
    schema: str,
    table: str,
    present: set[str],
    rows: list[Mapping[str, object]],
) -> None:
    names = [name for name in rows[0] if name in present]
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(schema, table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with cursor.copy(statement) as copy:
        for row in rows:
            values = [row[name] for name in names]
            copy.write_row([Jsonb(value) if isinstance(value, dict) else value for value in values])


def generate_and_load(
    conn: Connection[Any],
    customers: int,
    seed: int,
    until: datetime,
    years: int = 3,
    schema: str = "public",
    progress: Callable[[int, int], None] | None = None,
    *,
    release: str = "HEAD",
    processes: int | None = None,
    indexes: bool = True,
) -> None:
    """Generate a history and load it; creates the Lago tables if the schema has none.

    Everything happens in the caller's transaction, which the caller commits. The rows depend on
    the scale and seed only, not on the number of processes.
    """
    fresh = "organizations" not in existing_columns(conn, schema)
    if fresh:
        create_schema(conn, schema, release, indexes=False, primary_keys=False)
    present = existing_columns(conn, schema)
    layout = _layout(present)
    scale = Scale(
        customers=customers,
        seed=seed,
        until=until,
        years=years,
        fixed_charges="fixed_charge_events" in present,
        gated="activated_at" in present["subscriptions"],
    )
    freeze = fresh and not conn.autocommit
    loaded: set[str] = set()
    with conn.cursor() as cursor:
        for done, block in _blocks(scale, layout, processes):
            for table, text in block.items():
                _copy(cursor, schema, table, layout, text, freeze=freeze)
            loaded.update(block)
            if progress:
                progress(done, customers)
        cursor.execute("set maintenance_work_mem = '256MB'")
        # A small sample will do until autovacuum takes its own.
        cursor.execute("set default_statistics_target = 20")
        create_primary_keys(conn, schema)
        if indexes:
            create_indexes(conn, schema)
        for table in sorted(loaded):
            cursor.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, table)))
        cursor.execute("reset maintenance_work_mem")
        cursor.execute("reset default_statistics_target")


def _blocks(scale: Scale, layout: Layout, processes: int | None) -> Iterator[tuple[int, Block]]:
    """Yield (customers done, COPY text by table), the catalogue first, then customers in order."""
    if processes is None:
        many = scale.customers >= _PARALLEL_FROM
        processes = min(2, os.cpu_count() or 1) if many else 1
    _open_worker(scale, layout)
    history, _ = _worker["state"]
    yield 0, _encode(layout, history.catalog_rows())
    pool: Executor
    if processes == 1:
        # A thread is enough to simulate while PostgreSQL takes in the block before.
        pool = ThreadPoolExecutor(1)
    else:
        pool = ProcessPoolExecutor(processes, get_context("spawn"), _open_worker, (scale, layout))
    with pool:
        # A few chunks ahead keep the workers busy while memory stays flat.
        ahead: deque[tuple[int, Future[Block]]] = deque()
        for start in range(0, scale.customers, CHUNK):
            stop = min(start + CHUNK, scale.customers)
            ahead.append((stop, pool.submit(_work, start, stop)))
            if len(ahead) > 2 * processes:
                done, future = ahead.popleft()
                yield done, future.result()
        for done, future in ahead:
            yield done, future.result()


def _simulate(history: History, layout: Layout, start: int, stop: int) -> Block:
    # Accounts and invoices refer to each other, but all die with their chunk: collecting garbage
    # while they grow only costs time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _encode(layout, history.customer_rows(start, stop))
    finally:
        if collecting:
            gc.enable()


def _encode(layout: Layout, rows: Mapping[str, list[Row]]) -> Block:
    return {
        table: _render(layout[table], table_rows)
        for table, table_rows in rows.items()
        if table_rows and table in layout
    }


_worker: dict[str, tuple[History, Layout]] = {}


def _open_worker(scale: Scale, layout: Layout) -> None:
    _worker["state"] = (History(scale), layout)


def _work(start: int, stop: int) -> Block:
    history, layout = _worker["state"]
    return _simulate(history, layout, start, stop)
