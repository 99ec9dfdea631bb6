"""Did-you-mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def near_matches(word: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known words nearest to one that is not known, ignoring case, nearest first."""
    by_folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=limit, cutoff=0.5)
    return [by_folded[name] for name in found]


def did_you_mean(word: str, known: Iterable[str], show_all: int = 12) -> str:
    """A clause that follows "there is no X": near matches, else the choices when they are few."""
    names = sorted(set(known))
    near = near_matches(word, names)
    if near:
        return f"did you mean {' or '.join(near)}?"
    if not names:
        return "there are none."
    if len(names) <= show_all:
        return f"there are {', '.join(names)}."
    return f"there are {len(names)}, such as {', '.join(names[:3])}."
