"""Definitions as they are chosen: default of the project < the database < the command line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from tidemill_cli.catalogue import PREFIX, Catalogue
from tidemill_cli.console import narrate
from tidemill_cli.errors import TidemillError
from tidemill_cli.project import parse_value

Texts = Mapping[str, str]  # by option, without its prefix


def as_text(value: object) -> str:
    """A value as the project writes it in a set of definitions: macro option_text."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def as_vars(texts: Texts) -> dict[str, Any]:
    """Texts as vars of dbt."""
    return {PREFIX + option: parse_value(text) for option, text in texts.items()}


def defaults(declared: Mapping[str, Any], options: Iterable[str]) -> dict[str, str]:
    """What dbt_project.yml says of each option."""
    return {option: as_text(declared[PREFIX + option]) for option in options}


def hash_of(texts: Texts) -> str:
    """The name of a set: macro definitions_hash."""
    lines = "\n".join(sorted(f"{option}={text}" for option, text in texts.items()))
    return hashlib.md5(lines.encode(), usedforsecurity=False).hexdigest()


def parse_changes(words: Iterable[str], catalogue: Catalogue) -> dict[str, str]:
    """Turn KEY=VALUE words into the texts of options."""
    changes: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise TidemillError(f"{word} cannot be read: write it as KEY=VALUE.")
        option = catalogue.option(name)
        if option in changes:
            raise TidemillError(f"{option} is set twice: name it once.")
        changes[option] = as_text(parse_value(text, f"{option}={text}"))
    return changes


def changed(before: Texts, after: Texts) -> dict[str, str | None]:
    """What turns one set of chosen values into another; None where none is chosen."""
    return {
        option: after.get(option)
        for option in sorted({*before, *after})
        if before.get(option) != after.get(option)
    }


def applied(stored: Texts, changes: Mapping[str, str | None]) -> dict[str, str]:
    """The chosen values after changes."""
    merged = {**stored, **changes}
    return {option: text for option, text in merged.items() if text is not None}


def with_stored(
    stored: Texts, options: Mapping[str, Any], declared: Mapping[str, Any]
) -> dict[str, Any]:
    """The options of a build: what is chosen in the database, and over it what the user named."""
    known = {option: text for option, text in stored.items() if PREFIX + option in declared}
    for option, text in known.items():
        name = PREFIX + option
        if name in options and as_text(options[name]) != text:
            narrate(
                f"{name} is {as_text(options[name])} in this run, as the command line says; the "
                f"database says {text}."
            )
    return {**as_vars(known), **options}
