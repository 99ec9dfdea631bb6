"""Generate a whole history straight into a database."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from typing import Any

from psycopg import Connection, sql

from tidemill_cli.demo.killbill.history import History, Scale
from tidemill_cli.demo.killbill.load import columns_of, copy_text, kept, load, render
from tidemill_cli.demo.killbill.rows import Row
from tidemill_cli.demo.killbill.schema import create_keys, create_schema, existing_columns

CHUNK = 100
_PARALLEL_FROM = 5_000

# The columns that are written, and COPY text, by table.
Block = dict[str, tuple[tuple[str, ...], str]]


def generate_and_load(
    conn: Connection[Any],
    customers: int,
    seed: int,
    until: datetime,
    years: int = 3,
    schema: str = "public",
    progress: Callable[[int, int], None] | None = None,
    *,
    processes: int | None = None,
) -> None:
    """Generate a history and load it; creates Kill Bill's tables if the schema has none.

    Everything happens in the caller's transaction, which the caller commits. The rows depend on
    the scale and seed only, not on the number of processes.
    """
    if "subscription_events" not in existing_columns(conn, schema):
        create_schema(conn, schema, keys=False)
    present = existing_columns(conn, schema)
    scale = Scale(customers, seed, until, years)
    load(conn, History(scale).catalog_rows(), schema)
    loaded: set[str] = set()
    with conn.cursor() as cursor:
        if progress:
            progress(0, customers)
        for done, block in _blocks(scale, present, processes):
            for table, (names, text) in block.items():
                copy_text(cursor, schema, table, names, text)
            loaded.update(block)
            if progress:
                progress(done, customers)
        create_keys(conn, schema)
        for table in sorted(loaded):
            cursor.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, table)))


def _blocks(
    scale: Scale, present: dict[str, set[str]], processes: int | None
) -> Iterator[tuple[int, Block]]:
    """Yield (customers done, rows as text), customers in order."""
    if processes is None:
        many = scale.customers >= _PARALLEL_FROM
        processes = min(2, os.cpu_count() or 1) if many else 1
    pool: Executor
    if processes == 1:
        # A thread is enough to simulate while PostgreSQL takes in the block before.
        pool = ThreadPoolExecutor(1, initializer=_open_worker, initargs=(scale, present))
    else:
        pool = ProcessPoolExecutor(processes, get_context("spawn"), _open_worker, (scale, present))
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


_worker: dict[str, tuple[History, dict[str, set[str]]]] = {}


def _open_worker(scale: Scale, present: dict[str, set[str]]) -> None:
    _worker["state"] = (History(scale), present)


def _work(start: int, stop: int) -> Block:
    history, present = _worker["state"]
    rows: Mapping[str, list[Row]] = history.customer_rows(start, stop)
    block: Block = {}
    for table, all_rows in rows.items():
        found = kept(table, present.get(table, set()), all_rows)
        if found and table in present:
            names = columns_of(table, present[table], found)
            block[table] = (names, render(table, names, found))
    return block
