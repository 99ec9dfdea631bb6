"""What was spent on winning customers, in a CSV file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from tidemill_cli.csv_file import read_csv
from tidemill_cli.errors import TidemillError

_REQUIRED = ("date", "currency", "amount")
_OPTIONAL = ("tenant_id", "note")


@dataclass(frozen=True)
class Spend:
    """One amount; without a tenant it was spent for all of them."""

    day: date
    tenant_id: str | None
    currency: str
    amount: Decimal
    note: str | None


def read_spend(path: Path) -> list[Spend]:
    """Read the spend in a file, or say what is wrong with it."""
    file = read_csv(path)
    names = {column.lower(): column for column in file.columns}
    if not set(_REQUIRED) <= names.keys() <= {*_REQUIRED, *_OPTIONAL}:
        raise file.header.refuse(
            f"the columns are {', '.join(file.columns)}: they must be {', '.join(_REQUIRED)} "
            f"(and {' and '.join(_OPTIONAL)})."
        )
    if not file.lines:
        raise TidemillError(f"{path} holds no spend: there is nothing to load.")
    return [
        Spend(
            day=line.day(names["date"]),
            tenant_id=line.cells.get(names.get("tenant_id", "")) or None,
            currency=line.currency(names["currency"]),
            amount=line.decimal(names["amount"]),
            note=line.cells.get(names.get("note", "")) or None,
        )
        for line in file.lines
    ]
