"""Export a relation to a file, or to a folder with a file per month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tidemill_cli.database import exporting as source
from tidemill_cli.database.exporting import Exported
from tidemill_cli.database.session import Session
from tidemill_cli.errors import TidemillError
from tidemill_cli.export.formats import Format, write
from tidemill_cli.export.manifest import Manifest, Part, checksum, load

_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Export:
    """A relation of one facade schema, on its way into files of one format."""

    session: Session
    schema: str
    relation: Exported
    form: Format
    tell: Callable[[str], None]  # progress

    def to_file(self, path: Path) -> Manifest:
        """All rows in one file, and its manifest beside it."""
        if path.is_dir():
            raise TidemillError(f"{path} is a folder: name a file, or a folder that ends with /.")
        path.parent.mkdir(parents=True, exist_ok=True)
        manifest = self._new_manifest()
        manifest.put(self._write(path, None))
        manifest.save(path.with_name(f"{path.name}.{_MANIFEST}"))
        return manifest

    def to_folder(self, folder: Path, since: date | None) -> Manifest:
        """A file per month; what an export of the same numbers has finished is kept.

        With `since` only months from then on are written, and the others stay as they are.
        """
        if folder.exists() and not folder.is_dir():
            raise TidemillError(f"{folder} is a file: name a folder.")
        if self.relation.day is None:
            raise TidemillError(
                f"{self.relation.name} has no day to cut months by: export it to a file."
            )
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _MANIFEST
        before = load(path)
        manifest = self._new_manifest()
        if before is not None:
            _refuse_another(before, manifest, folder)
        wanted = {
            f"{month:%Y-%m}.{self.form.value}": month
            for month in source.months(self.session, self.schema, self.relation, since)
        }
        is_same = before is not None and before.is_of_the_same(manifest)
        kept = before.files if before else []
        for part in kept:
            is_older = (
                since is not None and part.month is not None and part.month < f"{since:%Y-%m}"
            )
            if is_older or (is_same and part.file in wanted and _is_intact(folder, part)):
                manifest.put(part)
        for number, (file, month) in enumerate(wanted.items(), start=1):
            if manifest.part(file) is None:
                manifest.put(self._write(folder / file, month))
                manifest.save(path)
                self.tell(f"  {month:%Y-%m}: {number} of {len(wanted)} months")
        # Months that have no rows any more.
        for part in kept:
            if manifest.part(part.file) is None:
                (folder / part.file).unlink(missing_ok=True)
        manifest.save(path)
        return manifest

    def _new_manifest(self) -> Manifest:
        now = source.publication(self.session, self.schema)
        columns = [column.name for column in self.relation.columns]
        return Manifest(self.relation.name, self.form.value, columns, now.build, now.as_of)

    def _write(self, path: Path, month: date | None) -> Part:
        """One file; until it is whole it has another name."""
        partial = path.with_name(f".{path.name}.partial")
        try:
            rows = source.rows(self.session, self.schema, self.relation, month)
            count = write(partial, self.form, self.relation.columns, rows)
            digest = checksum(partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return Part(path.name, f"{month:%Y-%m}" if month else None, count, digest)


def _is_intact(folder: Path, part: Part) -> bool:
    path = folder / part.file
    return path.is_file() and checksum(path) == part.sha256


def _refuse_another(before: Manifest, now: Manifest, folder: Path) -> None:
    if (before.relation, before.format) != (now.relation, now.format):
        raise TidemillError(
            f"{folder} holds {before.relation} as {before.format}: name another folder for "
            f"{now.relation} as {now.format}."
        )
