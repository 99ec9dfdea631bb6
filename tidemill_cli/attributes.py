"""Attributes of customers in a CSV file."""

from __future__ import annotations

from pathlib import Path

from tidemill_cli.csv_file import read_csv
from tidemill_cli.errors import TidemillError

_CUSTOMER = "customer_id"

Attributes = dict[str, dict[str, str | None]]
"""By customer and name; None where the file has nothing, and nothing is to be."""


def read_attributes(path: Path) -> Attributes:
    """The attributes in a file, or a sentence on what is wrong with it."""
    file = read_csv(path)
    ids = [column for column in file.columns if column.lower() == _CUSTOMER]
    names = [column for column in file.columns if column not in ids]
    if not ids or not names or not all(names):
        raise file.header.refuse(
            f"the columns are {', '.join(file.columns)}: they must be {_CUSTOMER} and a column per "
            "attribute."
        )
    if not file.lines:
        raise TidemillError(f"{path} holds no customer: there is nothing to load.")
    found: Attributes = {}
    for line in file.lines:
        customer = line.cells[ids[0]]
        if not customer:
            raise line.refuse(f"{_CUSTOMER} is empty: say whose attributes these are.")
        if customer in found:
            raise line.refuse(f"customer {customer} is there twice: drop one of the lines.")
        found[customer] = {name: line.cells[name] or None for name in names}
    return found
