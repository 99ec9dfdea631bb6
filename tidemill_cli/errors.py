"""What a command's exit code means, and the error a user can act on."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command."""

    OK = 0
    TESTS_FAILED = 1  # the work was done and found problems: nothing was published
    DIFFERS = 1  # the work was done, and numbers are not what another says
    CANNOT = 2  # the work could not be done
    INTERRUPTED = 130  # Ctrl-C, as shells report it


def first_line(error: Exception) -> str:
    """What an error says first; its kind, if it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class TidemillError(Exception):
    """Something the user can put right: printed as one sentence on stderr, without a traceback."""

    def __init__(self, sentence: str, exit_code: ExitCode = ExitCode.CANNOT) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class OptionError(TidemillError):
    """What was asked for is wrong, and stays so however often it is tried."""
