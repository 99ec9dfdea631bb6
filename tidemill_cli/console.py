"""Where words go: stdout is data, stderr is narration."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any


def narrate(sentence: str = "") -> None:
    """Tell the person at the terminal something; never part of the data."""
    print(sentence, file=sys.stderr, flush=True)


def fail(sentence: str) -> None:
    """Print the one sentence that ends a command."""
    if sys.stderr.isatty():
        print(f"\033[31merror:\033[0m {sentence}", file=sys.stderr, flush=True)
    else:
        print(f"error: {sentence}", file=sys.stderr, flush=True)


def emit(text: str) -> None:
    """Write data."""
    print(text, file=sys.stdout, flush=True)


def emit_json(document: Any) -> None:  # noqa: ANN401 - anything json can hold
    """Write a document; amounts must already be strings, since a json number is a float to many."""
    emit(json.dumps(document, indent=2, ensure_ascii=False))


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
