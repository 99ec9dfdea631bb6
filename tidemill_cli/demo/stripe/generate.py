"""Generate a whole history straight into a landing schema."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from typing import Any

from psycopg import Connection, sql

from tidemill_cli.demo.stripe.history import History, Scale, Shaped
from tidemill_cli.demo.stripe.load import (
    NEVER_WRITTEN,
    copy_events,
    copy_text,
    load,
    render,
    render_events,
)
from tidemill_cli.demo.stripe.schema import (
    Generation,
    columns_of,
    create_events_table,
    create_keys,
    create_schema,
    existing_columns,
)

CHUNK = 100
_PARALLEL_FROM = 5_000
_EVENTS = "stripe_events"

# COPY text by table.
Block = dict[str, str]


def generate_and_load(
    conn: Connection[Any],
    customers: int,
    seed: int,
    until: datetime,
    years: int = 3,
    schema: str = "stripe",
    progress: Callable[[int, int], None] | None = None,
    *,
    generation: Generation = "v1",
    shape: Shaped = "mixed",
    events: bool = False,
    processes: int | None = None,
) -> None:
    """Generate a history and load it; creates the landing tables if the schema has none.

    Everything happens in the caller's transaction, which the caller commits. The rows depend on
    the scale and seed only, not on the number of processes. `events` are kept in a table beside.
    """
    if "subscriptions" not in existing_columns(conn, schema):
        create_schema(conn, schema, generation, keys=False)
    if events:
        create_events_table(conn, schema)
    scale = Scale(customers, seed, until, years, shape, events)
    history = History(scale)
    load(conn, history.catalog_objects(), schema, generation=generation)
    loaded: set[str] = set()
    with conn.cursor() as cursor:
        if events:
            copy_events(cursor, schema, render_events(history.catalogue.catalog_events()))
        if progress:
            progress(0, customers)
        for done, block in _blocks(scale, generation, processes):
            for table, text in block.items():
                if table == _EVENTS:
                    copy_events(cursor, schema, text)
                else:
                    copy_text(cursor, schema, table, generation, text)
            loaded.update(block)
            if progress:
                progress(done, customers)
        create_keys(conn, schema)
        for table in sorted(loaded):
            cursor.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, table)))


def _blocks(
    scale: Scale, generation: Generation, processes: int | None
) -> Iterator[tuple[int, Block]]:
    """Yield (customers done, COPY text by table), customers in order."""
    if processes is None:
        many = scale.customers >= _PARALLEL_FROM
        processes = min(2, os.cpu_count() or 1) if many else 1
    pool: Executor
    if processes == 1:
        # A thread is enough to simulate while PostgreSQL takes in the block before.
        pool = ThreadPoolExecutor(1, initializer=_open_worker, initargs=(scale, generation))
    else:
        pool = ProcessPoolExecutor(
            processes, get_context("spawn"), _open_worker, (scale, generation)
        )
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


_worker: dict[str, tuple[History, Generation]] = {}


def _open_worker(scale: Scale, generation: Generation) -> None:
    _worker["state"] = (History(scale), generation)


def _work(start: int, stop: int) -> Block:
    history, generation = _worker["state"]
    found, events = history.customer_objects(start, stop)
    present = columns_of(generation)
    block = {
        table: render(table, objects, generation)
        for table, objects in found.items()
        if table in present and table not in NEVER_WRITTEN.get(generation, ())
    }
    if events:
        block[_EVENTS] = render_events(events)
    return block
