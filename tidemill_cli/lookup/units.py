"""What a column of a metric holds."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from enum import Enum, auto

from tidemill_cli.money import format_amount

_PERCENT = Decimal("0.01")
_NUMBER = Decimal("0.001")


class Unit(Enum):
    """The unit of a column."""

    KEY = auto()  # a day or a length, part of what tells rows apart
    NAME = auto()  # a word that does
    COUNT = auto()
    MONEY = auto()  # in the row's reporting currency
    SHARE = auto()  # of 1
    NUMBER = auto()

    @property
    def is_measure(self) -> bool:
        """Whether it is a quantity."""
        return self not in (Unit.KEY, Unit.NAME)


def shown(value: object, unit: Unit, currency: str | None) -> str:
    """A value as people read it; what there is none of is empty."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        if unit is Unit.MONEY:
            return format_amount(value, currency or "")
        if unit is Unit.SHARE:
            return f"{_rounded(value * 100, _PERCENT):,f} %"
        return f"{_rounded(value, _NUMBER):,f}"
    if unit is Unit.COUNT and isinstance(value, int):
        return f"{value:,}"
    return str(value)


def _rounded(value: Decimal, places: Decimal) -> Decimal:
    return value.quantize(places, rounding=ROUND_HALF_UP) + 0  # + 0 turns a -0 into 0
