"""CSV files as people have them: every complaint names the file, the line and the fix."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from tidemill_cli.errors import TidemillError

# Eighteen digits on either side hold every amount and rate there is.
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{0,18})?")
CURRENCY = re.compile(r"[A-Z]{3}")
NO_CURRENCY = "is not a currency code: write three capital letters, such as USD."
_WRITTEN_OUT = "%d %B %Y"  # 21 November 2026, as in the ECB's file of one day


@dataclass(frozen=True)
class Line:
    """One line of a file, its cells by column."""

    path: Path
    number: int
    cells: Mapping[str, str]

    def refuse(self, sentence: str) -> TidemillError:
        """The error that says what is wrong with this line."""
        return TidemillError(f"{self.path} line {self.number}: {sentence}")

    def day(self, column: str) -> date:
        """A date, written 2026-03-31 or 31 March 2026."""
        text = self.cells[column]
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
        try:
            return datetime.strptime(text, _WRITTEN_OUT).date()
        except ValueError:
            raise self.refuse(f"{column} {text!r} is not a date: write it as 2026-03-31.") from None

    def currency(self, column: str) -> str:
        """A currency code."""
        text = self.cells[column]
        if not CURRENCY.fullmatch(text):
            raise self.refuse(f"{column} {text!r} {NO_CURRENCY}")
        return text

    def decimal(self, column: str) -> Decimal:
        """A decimal number, exactly as written."""
        text = self.cells[column]
        if not _NUMBER.fullmatch(text):
            raise self.refuse(f"{column} {text!r} is not a number: write it as 1234.56.")
        return Decimal(text)


@dataclass(frozen=True)
class CsvFile:
    """A file in memory: its columns, and the lines below them that are not empty."""

    header: Line
    columns: list[str]
    lines: list[Line]


def read_csv(path: Path) -> CsvFile:
    """Read a CSV file, or a .zip that holds one."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True, skipinitialspace=True)
    try:
        rows = [
            (reader.line_num, cells)
            for cells in ([cell.strip() for cell in row] for row in reader)
            if any(cells)
        ]
    except csv.Error as error:
        raise TidemillError(f"{path} line {reader.line_num} is not CSV: {error}.") from None
    if not rows:
        raise TidemillError(f"{path} is empty: its first line must name the columns.")
    (header_number, header_cells), *body = rows
    columns = _without_trailing_blanks(header_cells)
    header = Line(path, header_number, {})
    lines = []
    for column in columns:
        if columns.count(column) > 1:
            raise header.refuse(f"there are two columns {column!r}: drop one.")
    for number, cells in body:
        kept = [*_without_trailing_blanks(cells), *([""] * len(columns))][: len(columns)]
        line = Line(path, number, dict(zip(columns, kept, strict=True)))
        if len(cells) < len(columns) or any(cells[len(columns) :]):
            raise line.refuse(
                f"it has {len(cells)} cells under {len(columns)} columns: separate them by commas, "
                "and quote a cell that holds one."
            )
        lines.append(line)
    return CsvFile(header, columns, lines)


def _without_trailing_blanks(cells: list[str]) -> list[str]:
    """The ECB ends each line with a comma."""
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def _text(path: Path) -> str:
    try:
        content = _unzipped(path) if path.suffix.lower() == ".zip" else path.read_bytes()
    except OSError as error:
        raise TidemillError(f"{path} cannot be read: {error.strerror or error}.") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # UTF-16, a spreadsheet, a picture
        raise TidemillError(f"{path} is not text in UTF-8: save it as CSV in UTF-8.")
    return text


def _unzipped(path: Path) -> bytes:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
            if len(names) != 1:
                raise TidemillError(
                    f"{path} holds {len(names)} CSV files: unpack it and load them one by one."
                )
            return archive.read(names[0])
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError):  # damaged, or encrypted
        raise TidemillError(f"{path} cannot be unpacked: unpack it and load the CSV.") from None
