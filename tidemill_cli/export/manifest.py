"""What an export holds: written beside the files, after each of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tidemill_cli.errors import TidemillError

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Part:
    """One file: the month it is of (None for all), its rows and its SHA-256."""

    file: str
    month: str | None
    rows: int
    sha256: str


@dataclass
class Manifest:
    """The relation, which numbers they are, and every finished file."""

    relation: str
    format: str
    columns: list[str]
    build: str
    as_of: str | None  # None where the exporter may not know
    files: list[Part] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return sum(part.rows for part in self.files)

    def part(self, file: str) -> Part | None:
        """The entry of a file."""
        return next((part for part in self.files if part.file == file), None)

    def put(self, part: Part) -> None:
        """Add or replace the entry of a file."""
        others = [one for one in self.files if one.file != part.file]
        self.files = sorted([*others, part], key=lambda one: one.file)

    def is_of_the_same(self, other: Manifest) -> bool:
        """Whether files of both are of the same numbers."""
        mine, others = (
            (one.relation, one.format, one.columns, one.build, one.as_of) for one in (self, other)
        )
        return self.as_of is not None and mine == others

    def save(self, path: Path) -> None:
        """Write it; whoever reads sees the old one or the new one, never half."""
        document = {**asdict(self), "rows": self.rows}
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        partial.replace(path)


def load(path: Path) -> Manifest | None:
    """The manifest of an earlier export; None where there is none, raises where it is none."""
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        files = [Part(**part) for part in document["files"]]
        names = ("relation", "format", "columns", "build", "as_of")
        return Manifest(**{name: document[name] for name in names}, files=files)
    except (ValueError, KeyError, TypeError):
        raise TidemillError(
            f"{path} is no manifest of an export: name another folder, or remove it."
        ) from None


def checksum(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
