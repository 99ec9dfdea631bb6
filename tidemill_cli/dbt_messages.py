"""Make one sentence of dbt's multi-line messages."""

from __future__ import annotations

import re

# "Compilation Error in operation x (file)", "Database Error in model y (file)", "Runtime Error"
_HEADING = re.compile(
    r"^(?:Encountered an error:|[A-Z]\w+ Error(?: in [\w ]+)?(?: \S+ \(.*\))?)\s*$"
)
_NOISE = re.compile(
    r"^(?:> (?:in|called by) |compiled (?:code|sql) at |LINE \d+:|\^+$|called by )", re.I
)


def sentence(message: str) -> str:
    """The part of a message that says what is wrong, on one line."""
    kept = []
    for line in message.splitlines():
        text = line.strip()
        if text and not _HEADING.match(text) and not _NOISE.match(text):
            kept.append(text)
    return " ".join(kept)
