"""One run after another in one process, until it is told to end."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType

import psycopg

from tidemill_cli.errors import ExitCode, OptionError, TidemillError, first_line
from tidemill_cli.headline import Headline
from tidemill_cli.refreshing import RefreshSummary
from tidemill_cli.runner import RunSummary

_LONGEST_WAIT_SECONDS = 5 * 60.0
_MOST_DOUBLINGS = 30  # beyond, no wait is the shorter one


@dataclass(frozen=True)
class Outcome:
    """What a run of a watch came to: a summary, or else an error."""

    summary: RunSummary | RefreshSummary | None = None
    headline: Headline | None = None
    error: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether it published."""
        return self.summary is not None and self.summary.exit_code is ExitCode.OK


@dataclass(frozen=True)
class Round:
    """A run of a watch, and what comes after it."""

    started_at: datetime
    seconds: float
    outcome: Outcome
    wait: float  # until the next one


class Ending:
    """Whether the process was told to end."""

    def __init__(self) -> None:
        self.is_near = False

    def signalled(self, _number: int, _frame: FrameType | None) -> None:
        """Stop what is going on as Ctrl-C does, wherever it is."""
        self.is_near = True
        raise KeyboardInterrupt


@contextmanager
def until_signalled() -> Iterator[Ending]:
    """A block that SIGTERM and Ctrl-C end, without it being an error."""
    ending = Ending()
    before = {
        number: signal.signal(number, ending.signalled)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield ending
    except KeyboardInterrupt:
        # CPython ends by SIGINT, whatever the exit code, where one was caught that had interrupted
        # an exec of text, as dataclasses are made by; the next exec forgets it.
        exec("")
    except Exception:
        # What was interrupted may take it for an error of its own.
        if not ending.is_near:
            raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def watch(run: Callable[[], Outcome], every: float, tell: Callable[[Round], None]) -> None:
    """Run until the process is told to end.

    Raises what no waiting mends: an option that is wrong from the start. One that was right in an
    earlier run is wrong for somebody has edited a file, and may do so again.
    """
    failures = 0
    was_right = False
    with until_signalled() as ending:
        while not ending.is_near:
            started_at = datetime.now(UTC)
            began = time.monotonic()
            try:
                outcome = run()
                was_right = True
            except OptionError as error:
                if not was_right:
                    raise
                outcome = Outcome(error=str(error))
            except TidemillError as error:
                outcome = Outcome(error=str(error))
            except psycopg.Error as error:
                outcome = Outcome(error=f"the database said: {first_line(error)}")
            if ending.is_near:
                return
            took = time.monotonic() - began
            failures = 0 if outcome.is_good else failures + 1
            wait = wait_after_failures(failures, every) if failures else max(0.0, every - took)
            tell(Round(started_at, took, outcome, wait))
            time.sleep(wait)


def wait_after_failures(failures: int, every: float) -> float:
    """Twice as long after each, up to five minutes; never less than between good runs."""
    doubled = every * 2.0 ** min(failures - 1, _MOST_DOUBLINGS)
    return max(every, min(doubled, _LONGEST_WAIT_SECONDS))
