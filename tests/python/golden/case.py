"""The form of a golden case, and how its tables of expected rows are read."""

import re
from collections import defaultdict
from dataclasses import KW_ONLY, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from properties.catalogue import CouponSpec, PlanSpec
from reference.surface.builders import SurfaceRows

from .facts import Fact
from .script import Step

# Date, type, currency, plan, product, reason.
Movement = tuple[date, str, str, str, str, str]
# First day of the month, plan, then what the waterfall calls it.
Cell = tuple[date, str, str]


@dataclass(frozen=True)
class Case:
    """A history, and what must come of it by the definitions alone.

    `movements` has a line per row: date, type, amount, plan (with /product if another), reason.
    Amounts are USD unless a currency follows; those of several customers are added. `mrr` and `arr`
    give the level at the end of days. `waterfall` and `customers` give a line per month: every row
    of that month, and every figure that is not 0. `tables` give other relations: the name and which
    rows, then columns, then every row that has a value of the first column; a line of that value
    alone has no row.
    """

    name: str
    says: str
    _: KW_ONLY
    why: str
    # Defects seen elsewhere that the case guards against, by their numbers.
    guards: tuple[str, ...] = ()
    # The definitions it is read under, where they are not the defaults.
    options: dict[str, Any] = field(default_factory=dict)
    # Lines of a day, a base currency, a currency, and how much of it one unit of the base is.
    rates: str = ""
    # Lines of a day, a currency and an amount.
    spend: str = ""
    movements: str = ""
    mrr: dict[str, str] = field(default_factory=dict)
    arr: dict[str, str] = field(default_factory=dict)
    waterfall: str = ""
    customers: str = ""
    tables: dict[str, str] = field(default_factory=dict)
    as_of: str = "2024-07-10"


@dataclass(frozen=True)
class LagoCase(Case):
    """A history that happens in a simulated Lago."""

    _: KW_ONLY
    plans: dict[str, PlanSpec | str]
    history: list[Step]
    coupons: dict[str, CouponSpec] = field(default_factory=dict)


@dataclass(frozen=True)
class SurfaceCase(Case):
    """Facts as an adapter states them, where Lago cannot tell the story."""

    _: KW_ONLY
    facts: list[Fact]

    def surface(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of the surface by relation."""
        surface = SurfaceRows()
        for fact in self.facts:
            fact(surface)
        return surface.rows


def amount(text: str) -> tuple[str, Decimal]:
    """Read an amount: "50" is USD, "1000JPY" is not."""
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?)([A-Z]{3})?", text)
    assert found, f"not an amount: {text!r}"
    return found[2] or "USD", Decimal(found[1])


def movements(table: str) -> dict[Movement, Decimal]:
    """Read a table of movements."""
    result: dict[Movement, Decimal] = {}
    for line in lines_of(table):
        day, kind, money, place, reason = line
        currency, value = amount(money)
        plan, _, product = place.partition("/")
        key = (date.fromisoformat(day), kind, currency, plan, product or plan, reason)
        assert key not in result, f"twice in the table: {line}"
        result[key] = value
    return result


def level(text: str) -> dict[str, Decimal]:
    """Read a level by currency: "100 50EUR"; "0" is nothing."""
    by_currency = dict(amount(word) for word in text.split())
    return {currency: value for currency, value in by_currency.items() if value}


def figures(table: str) -> tuple[set[tuple[date, str]], dict[Cell, Decimal]]:
    """Read lines of a month, a name, and pairs of a word and a figure."""
    rows, cells = set(), defaultdict[Cell, Decimal](Decimal)
    for month, name, *pairs in lines_of(table):
        start = date.fromisoformat(f"{month}-01")
        rows.add((start, name))
        for word, figure in zip(pairs[::2], pairs[1::2], strict=True):
            cells[start, name, word] = Decimal(figure)
    return rows, {cell: figure for cell, figure in cells.items() if figure}


def table(text: str) -> tuple[list[str], list[tuple[str, ...]], set[str]]:
    """Read a table of any relation: its columns, its rows, and all values of the first column."""
    columns, *lines = [[plain(word) for word in line] for line in lines_of(text)]
    rows = sorted(tuple(line) for line in lines if len(line) > 1)
    assert all(len(row) == len(columns) for row in rows), f"not a table: {text}"
    return columns, rows, {line[0] for line in lines}


def plain(value: object) -> str:
    """A value in one way of writing: no trailing zeros, an instant and a month by their day."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    text = str(value.date() if isinstance(value, datetime) else value)
    if re.fullmatch(r"\d{4}-\d\d", text):
        return f"{text}-01"
    is_number = re.fullmatch(r"-?\d+(\.\d+)?(E-?\d+)?", text)
    return f"{Decimal(text).normalize() + 0:f}" if is_number else text


def lines_of(table: str) -> list[list[str]]:
    """The words of each line of a table."""
    return [line.split() for line in table.strip().splitlines()]
