"""Where words go: stdout is data, stderr is narration."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_is_silent = threading.Event()  # for every thread


def narrate(sentence: str = "") -> None:
    """Tell the person at the terminal something; never part of the data."""
    if not _is_silent.is_set():
        print(sentence, file=sys.stderr, flush=True)


@contextmanager
def without_narration() -> Iterator[None]:
    """For a step that is told in one sentence when it is done."""
    _is_silent.set()
    try:
        yield
    finally:
        _is_silent.clear()


def fail(sentence: str) -> None:
    """Print the one sentence that ends a command."""
    # https://no-color.org: set to anything but nothing.
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        print(f"\033[31merror:\033[0m {sentence}", file=sys.stderr, flush=True)
    else:
        print(f"error: {sentence}", file=sys.stderr, flush=True)


def emit(text: str) -> None:
    """Write data."""
    print(text, file=sys.stdout, flush=True)


def emit_json(document: Any) -> None:  # noqa: ANN401 - anything json can hold
    """Write a document; amounts must already be strings, since a json number is a float to many."""
    emit(json.dumps(document, indent=2, ensure_ascii=False))


def emit_json_line(document: Any) -> None:  # noqa: ANN401 - anything json can hold
    """Write one of many documents."""
    emit(json.dumps(document, ensure_ascii=False))


def counted(number: int, noun: str) -> str:
    """A number of things, as it is read."""
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], numeric: set[int]) -> str:
    """Lay out a plain table; the columns in `numeric` are right-justified.

    Plain text on purpose: it looks the same on a terminal, in a pipe and in a log.
    """
    widths = [
        max(len(header), *(len(row[position]) for row in rows)) if rows else len(header)
        for position, header in enumerate(headers)
    ]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            cell.rjust(width) if position in numeric else cell.ljust(width)
            for position, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(headers), rule, *(line(row) for row in rows)])
