"""The rows of a Kill Bill database while its history happens: dicts that are changed in place."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from random import Random

from tidemill_cli.demo.killbill.schema import columns_at

Row = dict[str, object]
SYSTEM = "system"


class Rows:
    """Rows by table, with ids and counters of their own."""

    def __init__(self, random: Random, base: int = 0) -> None:
        """Start empty; record ids begin after `base`, so that several can be loaded together."""
        self.tables: dict[str, list[Row]] = {}
        self._random = random
        self._base = base

    def new_id(self) -> str:
        """Return a fresh UUID."""
        text = f"{self._random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def add(self, table: str, at: datetime, /, **values: object) -> Row:
        """Add a row that is made at an instant; what is not given is null."""
        rows = self.tables.setdefault(table, [])
        row: Row = dict.fromkeys(_columns(table))
        row["record_id"] = self._base + len(rows) + 1
        if "id" in row:
            row["id"] = self.new_id()
        for column in ("created_date", "updated_date"):
            if column in row:
                row[column] = at
        for column in ("created_by", "updated_by"):
            if column in row:
                row[column] = SYSTEM
        if "is_active" in row:
            row["is_active"] = True
        unknown = values.keys() - row.keys()
        if unknown:
            message = f"{table} has no column {', '.join(sorted(unknown))}"
            raise ValueError(message)
        row.update(values)
        rows.append(row)
        return row


def touch(row: Row, at: datetime, by: str = SYSTEM, **values: object) -> None:
    """Change a row in place."""
    row.update(values, updated_date=at, updated_by=by)


def merged(parts: Iterable[Mapping[str, list[Row]]]) -> dict[str, list[Row]]:
    """Return the rows of several together."""
    found: dict[str, list[Row]] = {}
    for part in parts:
        for table, rows in part.items():
            found.setdefault(table, []).extend(rows)
    return found


@cache
def _columns(table: str) -> tuple[str, ...]:
    return tuple(column.name for column in columns_at("0.24")[table])
