"""What a build is made for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tidemill_cli.database.session import Session

# Gets the live build, if there is one, and the one that has passed its tests.
BeforeSwitch = Callable[[Session, str | None, str], None]


def _nothing(session: Session, live: str | None, build: str) -> None:
    pass


@dataclass(frozen=True)
class Purpose:
    """How a build differs from a scheduled one, which only brings fresh numbers."""

    command: str
    changes: Mapping[str, str | None] = field(default_factory=dict)  # of the definitions kept
    is_anew: bool = False  # also what lasts between runs and can be made again
    before_switch: BeforeSwitch = _nothing
    switches: bool = True


FRESH_NUMBERS = Purpose("tidemill run")
