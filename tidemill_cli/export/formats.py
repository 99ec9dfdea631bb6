"""CSV, JSON lines and Parquet: each writes rows to one file."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidemill_cli.errors import TidemillError

if TYPE_CHECKING:
    from tidemill_cli.database.catalog import Column

Rows = Iterable[Sequence[tuple[Any, ...]]]
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")


class Format(StrEnum):
    """File formats; the value is also the ending of a file's name."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def write(path: Path, form: Format, columns: Sequence[Column], rows: Rows) -> int:
    """Write all rows to a file; returns how many. Decimals keep every digit."""
    if form is Format.PARQUET:
        return _write_parquet(path, columns, rows)
    return _write_text(path, form, columns, rows)


def check_format(form: Format) -> None:
    """Raises where the library of a format is not installed."""
    if form is Format.PARQUET:
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise TidemillError(
                "Parquet needs pyarrow: `pip install 'tidemill[parquet]'`, or take --format csv."
            ) from None


def _write_text(path: Path, form: Format, columns: Sequence[Column], rows: Rows) -> int:
    names = [column.name for column in columns]
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        if form is Format.CSV:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(names)
            for some in rows:
                writer.writerows([_cell(value) for value in row] for row in some)
                count += len(some)
            return count
        for row in _each(rows):
            document = {name: _plain(value) for name, value in zip(names, row, strict=True)}
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
            count += 1
    return count


def _write_parquet(path: Path, columns: Sequence[Column], rows: Rows) -> int:
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([(column.name, _arrow_type(column.type)) for column in columns])
    count = 0
    with parquet.ParquetWriter(path, schema) as writer:
        for some in rows:
            arrays = [
                pyarrow.array(values, type=field.type)
                for values, field in zip(zip(*some, strict=True), schema, strict=True)
            ]
            writer.write_batch(pyarrow.record_batch(arrays, schema=schema))
            count += len(some)
    return count


def _arrow_type(name: str) -> Any:  # noqa: ANN401 - pyarrow's types
    import pyarrow

    if found := _NUMERIC.fullmatch(name):
        return pyarrow.decimal128(int(found[1]), int(found[2]))
    kinds = {
        "text": pyarrow.string(),
        "date": pyarrow.date32(),
        "boolean": pyarrow.bool_(),
        "integer": pyarrow.int32(),
        "bigint": pyarrow.int64(),
        "timestamp with time zone": pyarrow.timestamp("us", tz="UTC"),
    }
    return kinds[name]


def _each(rows: Rows) -> Iterator[tuple[Any, ...]]:
    for some in rows:
        yield from some


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else _plain(value)
