"""The form of a golden case, and how its tables of expected rows are read."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from properties.catalogue import CouponSpec, PlanSpec

from .script import Step

Choice = Literal["default", "new_york", "discounts_none", "discounts_all"]
# Date, type, currency, plan, product, reason.
Movement = tuple[date, str, str, str, str, str]
# First day of the month, plan, then what the waterfall calls it.
Cell = tuple[date, str, str]

# The definitions a case may be read under: the vars of a build.
CHOICES: dict[Choice, dict[str, str]] = {
    "default": {},
    "new_york": {"tidemill_reporting_timezone": "America/New_York"},
    "discounts_none": {"tidemill_mrr_discounts": "none"},
    "discounts_all": {"tidemill_mrr_discounts": "all"},
}


@dataclass(frozen=True)
class Case:
    """A history, and what must come of it by the definitions alone.

    `movements` has a line per row: date, type, amount, plan (with /product if another), reason.
    Amounts are USD unless a currency follows; those of several customers are added. `mrr` and `arr`
    give the level at the end of days. `waterfall` and `customers` give a line per month: every row
    of that month, and every figure that is not 0.
    """

    name: str
    says: str
    plans: dict[str, PlanSpec | str]
    history: list[Step]
    why: str
    movements: str = ""
    mrr: dict[str, str] = field(default_factory=dict)
    arr: dict[str, str] = field(default_factory=dict)
    waterfall: str = ""
    customers: str = ""
    trials: str = ""
    coupons: dict[str, CouponSpec] = field(default_factory=dict)
    choice: Choice = "default"
    as_of: str = "2025-07-01"


def amount(text: str) -> tuple[str, Decimal]:
    """Read an amount: "50" is USD, "1000JPY" is not."""
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?)([A-Z]{3})?", text)
    assert found, f"not an amount: {text!r}"
    return found[2] or "USD", Decimal(found[1])


def movements(table: str) -> dict[Movement, Decimal]:
    """Read a table of movements."""
    result: dict[Movement, Decimal] = {}
    for line in _lines(table):
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
    for month, name, *pairs in _lines(table):
        start = date.fromisoformat(f"{month}-01")
        rows.add((start, name))
        for word, figure in zip(pairs[::2], pairs[1::2], strict=True):
            cells[start, name, word] = Decimal(figure)
    return rows, {cell: figure for cell, figure in cells.items() if figure}


def trials(table: str) -> list[tuple[date, date, str]]:
    """Read lines of a trial's first day, the day it ends, and what became of it."""
    return sorted(
        (date.fromisoformat(start), date.fromisoformat(end), outcome)
        for start, end, outcome in _lines(table)
    )


def _lines(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]
