"""What a reader sees who never stops to look."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


@contextmanager
def watched(dsn: str, statement: str) -> Iterator[list[tuple[Any, ...]]]:
    """The states, in order, that one connection sees; the last look is after all that is done."""
    states: list[tuple[Any, ...]] = []
    looked, is_over = threading.Event(), threading.Event()

    def look() -> None:
        with psycopg.connect(dsn, autocommit=True) as session:
            is_last = False
            while not is_last:
                is_last = is_over.is_set()
                (state,) = session.execute(statement).fetchall()  # type: ignore[arg-type]
                if not states or states[-1] != state:
                    states.append(state)
                looked.set()

    thread = threading.Thread(target=look)
    thread.start()
    assert looked.wait(60)
    try:
        yield states
    finally:
        is_over.set()
        thread.join()
