"""Progress of long steps on stderr: a bar on a terminal, an occasional plain line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from tidemill_cli.console import narrate

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_SECONDS_BETWEEN_LINES = 3.0
_NOTE_WIDTH = 40


class Progress(Protocol):
    """Somewhere to report how far a step is."""

    def update(self, done: int, total: int, note: str = "") -> None:
        """So many are done, of so many, and this one was the last."""


class _PlainProgress:
    """For logs and pipes: a line now and then."""

    def __init__(self, step: str) -> None:
        self.complete = False
        self._step = step
        self._last_line = time.monotonic()

    def update(self, done: int, total: int, note: str = "") -> None:
        self.complete = done >= total
        now = time.monotonic()
        if now - self._last_line >= _SECONDS_BETWEEN_LINES and done < total:
            self._last_line = now
            narrate(f"  {self._step}: {done:,} of {total:,}")


class _BarProgress:
    """For a terminal: a bar that goes away when the step is done."""

    def __init__(self, step: str, bar: RichProgress) -> None:
        self.complete = False
        self._bar = bar
        self._task = bar.add_task(step, total=None, note="")

    def update(self, done: int, total: int, note: str = "") -> None:
        self.complete = done >= total
        short = note if len(note) <= _NOTE_WIDTH else f"{note[: _NOTE_WIDTH - 1]}…"
        self._bar.update(self._task, completed=done, total=total, note=short)


@contextmanager
def progress(step: str) -> Iterator[Progress]:
    """Show a step's progress and, if it was completed, how long it took."""
    started = time.monotonic()
    reporter: _BarProgress | _PlainProgress
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as RichProgress

        with RichProgress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
            transient=True,
        ) as bar:
            reporter = _BarProgress(step, bar)
            yield reporter
    else:
        reporter = _PlainProgress(step)
        yield reporter
    if reporter.complete:
        narrate(f"  {step}: done in {time.monotonic() - started:.1f} s")
