"""Exchange rates in a CSV file: the layout the ECB publishes, or one rate per line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from tidemill_cli.csv_file import CURRENCY, NO_CURRENCY, CsvFile, Line, read_csv
from tidemill_cli.errors import TidemillError

DEFAULT_BASE = "EUR"
_LONG = {"date", "currency", "rate"}
_BASE = "base_currency"
_MISSING = ("", "N/A")  # in the ECB's files: no rate was published that day


@dataclass(frozen=True)
class Rates:
    """Units of each currency for one unit of the base, by day."""

    base: str
    by_day: dict[tuple[date, str], Decimal]

    @property
    def currencies(self) -> list[str]:
        """The currencies, in order."""
        return sorted({currency for _, currency in self.by_day})

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day."""
        days = [day for day, _ in self.by_day]
        return min(days), max(days)


def read_rates(path: Path, base: str | None) -> Rates:
    """Read the rates of a file, or say what is wrong with it; `base` is what the user asked for."""
    if base is not None and not CURRENCY.fullmatch(base):
        raise TidemillError(f"--base {base} {NO_CURRENCY}")
    file = read_csv(path)
    names = {column.lower(): column for column in file.columns}
    if _LONG <= names.keys() <= _LONG | {_BASE}:
        base = _base_of(file, names.get(_BASE), base)
        cells = _long(file, names)
    elif len(names) > 1 and names.keys() & _LONG == {"date"} and names["date"] == file.columns[0]:
        base = base or DEFAULT_BASE
        cells = _wide(file)
    else:
        raise file.header.refuse(
            f"the columns are {', '.join(file.columns)}: they must be date, currency, rate "
            "(and base_currency), or Date and one column per currency, as the ECB publishes them."
        )
    return Rates(base, _checked(path, base, cells))


def _base_of(file: CsvFile, column: str | None, asked: str | None) -> str:
    base = asked
    for line in file.lines if column else ():
        found = line.currency(column or _BASE)
        if base is not None and found != base:
            against = f"--base is {base}" if asked else f"the lines before have {base}"
            raise line.refuse(
                f"{column} is {found}, and {against}: a file holds rates of one base currency."
            )
        base = found
    return base or DEFAULT_BASE


def _long(file: CsvFile, names: dict[str, str]) -> Iterator[tuple[Line, date, str, str]]:
    for line in file.lines:
        yield line, line.day(names["date"]), line.currency(names["currency"]), names["rate"]


def _wide(file: CsvFile) -> Iterator[tuple[Line, date, str, str]]:
    day_column, *currencies = file.columns
    for currency in currencies:
        if not CURRENCY.fullmatch(currency):
            raise file.header.refuse(f"column {currency!r} {NO_CURRENCY}")
    for line in file.lines:
        day = line.day(day_column)
        for currency in currencies:
            if line.cells[currency] not in _MISSING:
                yield line, day, currency, currency


def _checked(
    path: Path, base: str, cells: Iterator[tuple[Line, date, str, str]]
) -> dict[tuple[date, str], Decimal]:
    rates: dict[tuple[date, str], Decimal] = {}
    lines: dict[tuple[date, str], int] = {}
    for line, day, currency, column in cells:
        rate = line.decimal(column)
        if rate <= 0:
            raise line.refuse(f"the rate of {currency} is {rate}: a rate is more than 0.")
        if currency == base:
            if rate != 1:
                raise line.refuse(
                    f"the rate of {currency} is {rate}, but {currency} is the base currency, whose "
                    "rate is 1: name the right one with --base."
                )
            continue
        if (day, currency) in rates:
            raise line.refuse(
                f"{currency} on {day} is in line {lines[day, currency]}, too: drop one of them."
            )
        rates[day, currency] = rate
        lines[day, currency] = line.number
    if not rates:
        raise TidemillError(f"{path} holds no rates: there is nothing to load.")
    return rates
